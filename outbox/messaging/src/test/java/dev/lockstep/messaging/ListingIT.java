package dev.lockstep.messaging;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.messaging.delivery.IncidentStore;
import dev.lockstep.messaging.delivery.ParkedMessageDesk;
import dev.lockstep.messaging.delivery.ParkedMessageStore;
import dev.lockstep.messaging.listing.ScanWindowStore;
import dev.lockstep.messaging.operator.OperatorActions;
import dev.lockstep.messaging.outbox.OutboxStore;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What timelines and operators ask for is found by an index, however much there is. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class ListingIT {
    private static final String UNBOUNDED = ", '00000000-0000-0000-0000-000000000000'";
    private static final String LAST = ", 'ffffffff-ffff-ffff-ffff-ffffffffffff', 50";

    private Fixture fixture;

    @BeforeEach
    void open() {
        fixture = new Fixture();
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    @ParameterizedTest
    @EnumSource(OutboxStore.State.class)
    void what_was_sent_of_one_order_is_found_by_its_key(OutboxStore.State state) {
        pileUpOutbox();

        assertThat(fixture.genericPlan(OutboxStore.listing(state, true), "'k7', NULL" + LAST + ", 4096" + UNBOUNDED))
                .containsPattern("Index Cond: \\(+aggregateid = \\$1")
                .doesNotContain("Seq Scan on " + today());
    }

    @Test
    void what_is_pending_is_found_by_its_transaction() {
        pileUpOutbox();

        assertThat(fixture.genericPlan(OutboxStore.listingOfFewPending(), "NULL, NULL" + LAST + ", 4096" + UNBOUNDED))
                .containsPattern("Index Cond: \\(+xid >= ")
                .doesNotContain("Seq Scan on " + today());
    }

    @Test
    void what_is_pending_is_counted_by_its_transaction_and_no_further_than_anybody_needs_to_know() {
        pileUpOutbox();

        assertThat(fixture.genericPlan(OutboxStore.SUMMARY, "100000"))
                .containsPattern("Index Only Scan using " + today() + "_xid_idx")
                .doesNotContain("Seq Scan on " + today())
                .doesNotContain("-> Sort", "->  Sort");
        assertThat(Fixture.await(OutboxStore.summary(fixture.pool)).pending()).isEqualTo(40_000);
        OutboxStore.Summary capped = Fixture.await(OutboxStore.summary(fixture.pool, 1_000));
        assertThat(capped.pending()).isEqualTo(1_000);
        assertThat(capped.oldestPendingSeconds()).isPositive();
    }

    @ParameterizedTest
    @EnumSource(OutboxStore.State.class)
    void what_no_index_leads_to_is_looked_for_among_the_newest_rows_and_no_further(OutboxStore.State state) {
        pileUpOutbox();

        assertThat(fixture.genericPlan(OutboxStore.endOfAll(), "NULL, 'ffffffff-ffff-ffff-ffff-ffffffffffff'"))
                .contains("Index Only Scan Backward using " + today() + "_pkey")
                .doesNotContain("Sort")
                .doesNotContain("Seq Scan on " + today());
        assertThat(fixture.genericPlan(OutboxStore.listing(state, false), "NULL, 'Rare'" + LAST + ", 4096" + UNBOUNDED))
                .containsPattern("Index Cond: \\(\\(id < \\$3\\) AND \\(id >= \\$6\\)\\)")
                .doesNotContain("Sort")
                .doesNotContain("Seq Scan on " + today());
    }

    @Test
    void a_page_that_has_looked_at_enough_rows_ends_there_and_the_next_one_goes_on() {
        execute("""
                INSERT INTO outbox (aggregatetype, aggregateid, type, payload, topic)
                VALUES ('greeting', 'rare', 'Rare', '{}', 'greetings')
                """);
        pileUpOutbox();
        List<Integer> found = new ArrayList<>();
        UUID cursor = null;
        do {
            ScanWindowStore.Found<OutboxStore.OutboxRow> page =
                    Fixture.await(OutboxStore.list(fixture.pool, OutboxStore.State.ANY, null, "Rare", cursor, 50));
            found.add(page.rows().size());
            cursor = page.examinedTo();
        } while (cursor != null);

        assertThat(found).containsExactly(0, 0, 1);
    }

    @Test
    void however_much_is_pending_a_page_of_it_looks_at_no_more_than_any_other() {
        pileUpOutbox();

        ScanWindowStore.Found<OutboxStore.OutboxRow> page =
                Fixture.await(OutboxStore.list(fixture.pool, OutboxStore.State.PENDING, null, "Rare", null, 50));
        ScanWindowStore.Found<OutboxStore.OutboxRow> ofKey =
                Fixture.await(OutboxStore.list(fixture.pool, OutboxStore.State.PENDING, "k7", null, null, 50));

        assertThat(page.rows()).isEmpty();
        assertThat(page.examinedTo()).isNotNull();
        assertThat(ofKey.rows()).hasSize(20);
        assertThat(ofKey.examinedTo()).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "operator_action_target,kim,saga.abandon,o7",
        "operator_action_who,kim,saga.abandon,",
        "operator_action_action,,saga.abandon,"
    })
    void what_people_did_is_found_by_the_filter_that_narrows_it_most(
            String index, @Nullable String who, @Nullable String action, @Nullable String target) {
        execute("""
                INSERT INTO operator_action (who, action, target, details)
                SELECT 'p' || n % 50, 'a' || n % 50, 'o' || n, '{}' FROM generate_series(1, 20000) n
                """);
        execute("VACUUM ANALYZE operator_action");

        assertThat(fixture.genericPlan(
                        OperatorActions.listing(new OperatorActions.Filter(who, action, target)),
                        "'x', NULL, NULL, NULL, 'ffffffff-ffff-ffff-ffff-ffffffffffff'" + UNBOUNDED + ", 50"))
                .contains(index);
    }

    @Test
    void what_went_wrong_with_one_order_is_found_by_its_key() {
        pileUpIncidents();

        assertThat(fixture.genericPlan(IncidentStore.listing(true), "'k7'" + LAST))
                .contains("delivery_incident_key")
                .containsPattern("Index Cond: \\(+key = \\$1");
    }

    @Test
    void what_is_parked_of_one_order_is_found_by_its_key() {
        pileUpParked();

        assertThat(fixture.genericPlan(ParkedMessageDesk.listing(true), "'k7', NULL" + LAST + UNBOUNDED))
                .contains("parked_message_record_key");
        assertThat(Fixture.await(ParkedMessageDesk.list(fixture.pool, "k7", "t7", null, 50))
                        .rows())
                .hasSize(4);
        assertThat(Fixture.await(ParkedMessageDesk.list(fixture.pool, "k7", "t8", null, 50))
                        .rows())
                .isEmpty();
        assertThat(Fixture.await(ParkedMessageDesk.count(fixture.pool)))
                .isEqualTo(new ParkedMessageDesk.Count(5_000, 20_000));
    }

    @Test
    void the_first_of_each_parked_key_is_found_in_the_order_of_the_index_and_nothing_is_sorted_for_it() {
        pileUpParked();

        assertThat(fixture.genericPlan(ParkedMessageStore.DUE, "'group', ARRAY['t7'], ARRAY[0]"))
                .containsPattern("Unique\\n +-> +Index Only Scan using parked_message_key ");
    }

    @Test
    void parked_messages_are_found_by_their_places_one_by_one_however_many_there_are() {
        pileUpParked();
        String places = "'group', ARRAY['t7'], ARRAY[0], ARRAY[7], ARRAY[gen_random_uuid()]";

        assertThat(fixture.genericPlan(ParkedMessageStore.LOCK, places)).doesNotContain("Seq Scan on parked_message");
        assertThat(fixture.genericPlan(ParkedMessageStore.BEGIN_FIRST, places + ", 1000"))
                .doesNotContain("Seq Scan on parked_message");
    }

    private void pileUpOutbox() {
        for (int i = 0; i < 20; i++) {
            execute("""
                    INSERT INTO outbox (aggregatetype, aggregateid, type, payload, topic)
                    SELECT 'greeting', 'k' || n, 'Hello', '{}', 'greetings' FROM generate_series(1, 2000) n
                    """);
        }
        execute("VACUUM ANALYZE outbox");
    }

    // The days without rows are read as they are.
    private String today() {
        return fixture.strings("SELECT tableoid::regclass FROM outbox LIMIT 1").getFirst();
    }

    private void pileUpIncidents() {
        execute("""
                INSERT INTO delivery_incident (consumer, message_id, key, topic, partition, "offset", event, attempt)
                SELECT 'group', uuidv7(), 'k' || n % 5000, 'greetings', 0, n, 'PARKED', 1 FROM generate_series(1, 20000) n
                """);
        execute("VACUUM ANALYZE delivery_incident");
    }

    private void pileUpParked() {
        execute("""
                INSERT INTO parked_message (consumer, topic, partition, "offset", message_id, record_key, record_headers, record_time,
                                            attempts, next_attempt_at)
                SELECT 'group', 't' || n % 20, 0, n, uuidv7(), convert_to('k' || n % 5000, 'UTF8'), '[]', now(), 1, now()
                  FROM generate_series(1, 20000) n
                """);
        execute("VACUUM ANALYZE parked_message");
    }

    private void execute(String statement) {
        Fixture.await(fixture.pool.query(statement).execute());
    }
}
