package dev.lockstep.messaging;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What timelines and operators ask for is found by an index, however much there is. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class ListingIT {
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

        assertThat(fixture.genericPlan(OutboxStore.listing(state, true), "'k7', NULL" + LAST + ", 4096"))
                .containsPattern("Index Cond: \\(+aggregateid = \\$1")
                .doesNotContain("Seq Scan on " + today());
    }

    @Test
    void what_is_pending_is_found_by_its_transaction() {
        pileUpOutbox();

        assertThat(fixture.genericPlan(
                        OutboxStore.listing(OutboxStore.State.PENDING, false), "NULL, NULL" + LAST + ", 4096"))
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

        assertThat(fixture.genericPlan(ParkedMessageDesk.listing(true), "'k7', NULL" + LAST))
                .contains("parked_message_record_key");
        assertThat(Fixture.await(ParkedMessageDesk.list(fixture.pool, "k7", "t7", null, 50)))
                .hasSize(4);
        assertThat(Fixture.await(ParkedMessageDesk.list(fixture.pool, "k7", "t8", null, 50)))
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
