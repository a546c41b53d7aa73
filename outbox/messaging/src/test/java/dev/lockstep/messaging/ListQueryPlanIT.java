package dev.lockstep.messaging;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.messaging.delivery.DeliveryEventStore;
import dev.lockstep.messaging.delivery.ParkedMessageQueries;
import dev.lockstep.messaging.delivery.ParkedMessageStore;
import dev.lockstep.messaging.listing.ScanWindowStore;
import dev.lockstep.messaging.operator.OperatorActions;
import dev.lockstep.messaging.outbox.OutboxQueries;
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

/** The queries of timelines and of operators use an index, however large the tables are. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class ListQueryPlanIT {
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
    @EnumSource(OutboxQueries.State.class)
    void outbox_rows_of_one_aggregate_are_found_by_index(OutboxQueries.State state) {
        insertOutboxRows();

        assertThat(fixture.genericPlan(
                        OutboxQueries.listStatement(state, true), "'k7', NULL" + LAST + ", 4096" + UNBOUNDED))
                .containsPattern("Index Cond: \\(+aggregateid = \\$1")
                .doesNotContain("Seq Scan on " + today());
    }

    @Test
    void pending_rows_are_found_by_the_xid_index() {
        insertOutboxRows();

        assertThat(fixture.genericPlan(OutboxQueries.fewPendingStatement(), "NULL, NULL" + LAST + ", 4096" + UNBOUNDED))
                .containsPattern("Index Cond: \\(+xid >= ")
                .doesNotContain("Seq Scan on " + today());
    }

    @Test
    void pending_rows_are_counted_by_the_xid_index_up_to_a_limit() {
        insertOutboxRows();

        assertThat(fixture.genericPlan(OutboxQueries.SUMMARY, "100000"))
                .containsPattern("Index Only Scan using " + today() + "_xid_idx")
                .doesNotContain("Seq Scan on " + today())
                .doesNotContain("-> Sort", "->  Sort");
        assertThat(Fixture.await(OutboxQueries.summary(fixture.pool)).pending()).isEqualTo(40_000);
        OutboxQueries.Summary capped = Fixture.await(OutboxQueries.summary(fixture.pool, 1_000));
        assertThat(capped.pending()).isEqualTo(1_000);
        assertThat(capped.oldestPendingSeconds()).isPositive();
    }

    @ParameterizedTest
    @EnumSource(OutboxQueries.State.class)
    void filters_without_an_index_examine_only_a_window_of_the_newest_rows(OutboxQueries.State state) {
        insertOutboxRows();

        assertThat(fixture.genericPlan(
                        OutboxQueries.windowEndStatement(), "NULL, 'ffffffff-ffff-ffff-ffff-ffffffffffff'"))
                .contains("Index Only Scan Backward using " + today() + "_pkey")
                .doesNotContain("Sort")
                .doesNotContain("Seq Scan on " + today());
        assertThat(fixture.genericPlan(
                        OutboxQueries.listStatement(state, false), "NULL, 'Rare'" + LAST + ", 4096" + UNBOUNDED))
                .containsPattern("Index Cond: \\(\\(id < \\$3\\) AND \\(id >= \\$6\\)\\)")
                .doesNotContain("Sort")
                .doesNotContain("Seq Scan on " + today());
    }

    @Test
    void a_page_ends_after_its_window_and_the_next_one_continues() {
        execute("""
                INSERT INTO outbox (aggregatetype, aggregateid, type, payload, topic)
                VALUES ('greeting', 'rare', 'Rare', '{}', 'greetings')
                """);
        insertOutboxRows();
        List<Integer> found = new ArrayList<>();
        UUID cursor = null;
        do {
            ScanWindowStore.ScanResult<OutboxQueries.OutboxRow> page =
                    Fixture.await(OutboxQueries.list(fixture.pool, OutboxQueries.State.ANY, null, "Rare", cursor, 50));
            found.add(page.rows().size());
            cursor = page.examinedTo();
        } while (cursor != null);

        assertThat(found).containsExactly(0, 0, 1);
    }

    @Test
    void a_page_of_pending_rows_examines_a_bounded_number_of_rows() {
        insertOutboxRows();

        ScanWindowStore.ScanResult<OutboxQueries.OutboxRow> page =
                Fixture.await(OutboxQueries.list(fixture.pool, OutboxQueries.State.PENDING, null, "Rare", null, 50));
        ScanWindowStore.ScanResult<OutboxQueries.OutboxRow> ofKey =
                Fixture.await(OutboxQueries.list(fixture.pool, OutboxQueries.State.PENDING, "k7", null, null, 50));

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
    void operator_actions_are_found_by_the_most_selective_index(
            String index, @Nullable String who, @Nullable String action, @Nullable String target) {
        execute("""
                INSERT INTO operator_action (who, action, target, details)
                SELECT 'p' || n % 50, 'a' || n % 50, 'o' || n, '{}' FROM generate_series(1, 20000) n
                """);
        execute("VACUUM ANALYZE operator_action");

        assertThat(fixture.genericPlan(
                        OperatorActions.listStatement(new OperatorActions.Filter(who, action, target)),
                        "'x', NULL, NULL, NULL, 'ffffffff-ffff-ffff-ffff-ffffffffffff'" + UNBOUNDED + ", 50"))
                .contains(index);
    }

    @Test
    void delivery_events_of_one_key_are_found_by_index() {
        insertDeliveryEvents();

        assertThat(fixture.genericPlan(DeliveryEventStore.listStatement(true), "'k7'" + LAST))
                .contains("delivery_incident_key")
                .containsPattern("Index Cond: \\(+key = \\$1");
    }

    @Test
    void parked_messages_of_one_key_are_found_by_index() {
        insertParkedMessages();

        assertThat(fixture.genericPlan(ParkedMessageQueries.listStatement(true), "'k7', NULL" + LAST + UNBOUNDED))
                .contains("parked_message_record_key");
        assertThat(Fixture.await(ParkedMessageQueries.list(fixture.pool, "k7", "t7", null, 50))
                        .rows())
                .hasSize(4);
        assertThat(Fixture.await(ParkedMessageQueries.list(fixture.pool, "k7", "t8", null, 50))
                        .rows())
                .isEmpty();
        assertThat(Fixture.await(ParkedMessageQueries.count(fixture.pool)))
                .isEqualTo(new ParkedMessageQueries.Count(5_000, 20_000));
    }

    @Test
    void the_first_parked_message_of_each_key_is_found_without_a_sort() {
        insertParkedMessages();

        assertThat(fixture.genericPlan(ParkedMessageStore.DUE, "'group', ARRAY['t7'], ARRAY[0]"))
                .containsPattern("Unique\\n +-> +Index Only Scan using parked_message_key ");
    }

    @Test
    void parked_messages_are_found_by_position_without_a_sequential_scan() {
        insertParkedMessages();
        String places = "'group', ARRAY['t7'], ARRAY[0], ARRAY[7], ARRAY[gen_random_uuid()]";

        assertThat(fixture.genericPlan(ParkedMessageStore.LOCK, places)).doesNotContain("Seq Scan on parked_message");
        assertThat(fixture.genericPlan(ParkedMessageStore.COUNT_FIRST_STARTS, places + ", 1000"))
                .doesNotContain("Seq Scan on parked_message");
    }

    private void insertOutboxRows() {
        for (int i = 0; i < 20; i++) {
            execute("""
                    INSERT INTO outbox (aggregatetype, aggregateid, type, payload, topic)
                    SELECT 'greeting', 'k' || n, 'Hello', '{}', 'greetings' FROM generate_series(1, 2000) n
                    """);
        }
        execute("VACUUM ANALYZE outbox");
    }

    // The partition with the rows. Plans for partitions without rows do not matter.
    private String today() {
        return fixture.strings("SELECT tableoid::regclass FROM outbox LIMIT 1").getFirst();
    }

    private void insertDeliveryEvents() {
        execute("""
                INSERT INTO delivery_incident (consumer, message_id, key, topic, partition, "offset", event, attempt)
                SELECT 'group', uuidv7(), 'k' || n % 5000, 'greetings', 0, n, 'PARKED', 1 FROM generate_series(1, 20000) n
                """);
        execute("VACUUM ANALYZE delivery_incident");
    }

    private void insertParkedMessages() {
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
