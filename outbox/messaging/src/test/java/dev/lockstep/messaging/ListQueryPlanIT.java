package dev.lockstep.messaging;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.messaging.delivery.DeliveryEventStore;
import dev.lockstep.messaging.delivery.ParkedMessageQueries;
import dev.lockstep.messaging.delivery.ParkedMessageStore;
import dev.lockstep.messaging.delivery.ParkedStartStore;
import dev.lockstep.messaging.listing.Listing;
import dev.lockstep.messaging.listing.ScanWindowStore;
import dev.lockstep.messaging.operator.OperatorActions;
import dev.lockstep.messaging.outbox.OutboxQueries;
import dev.lockstep.messaging.sql.ListQuery;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The queries of timelines and of operators use an index, however large the tables are. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class ListQueryPlanIT {
    private static final UUID OLDEST = new UUID(0, 0);
    private static final @Nullable String[] TYPES = {null, "Rare"};

    @RegisterExtension
    final Fixture fixture = new Fixture();

    @ParameterizedTest
    @EnumSource(PlanMode.class)
    void outbox_rows_of_one_aggregate_are_found_by_index(PlanMode mode) {
        insertOutboxRows();
        for (OutboxQueries.State state : OutboxQueries.State.values()) {
            for (String type : TYPES) {
                ListQuery query = OutboxQueries.listQuery(state, "k7", type);

                assertThat(mode.plan(fixture, query.page(Listing.AFTER_ALL, OLDEST, 50)))
                        .as("%s, type %s", state, type)
                        .containsPattern("Index Cond: \\(+aggregateid = ")
                        .doesNotContain("Seq Scan on " + today());
            }
        }
    }

    @ParameterizedTest
    @EnumSource(PlanMode.class)
    void pending_rows_are_found_by_the_xid_index(PlanMode mode) {
        insertOutboxRows();
        for (String type : TYPES) {
            assertThat(mode.plan(fixture, OutboxQueries.fewPending(type, Listing.AFTER_ALL, 50)))
                    .as("type %s", type)
                    .containsPattern("Index Cond: \\(+xid >= ")
                    .doesNotContain("Seq Scan on " + today());
        }
    }

    @Test
    void pending_rows_are_counted_by_the_xid_index_up_to_a_limit() {
        insertOutboxRows();

        assertThat(fixture.genericPlan(OutboxQueries.SUMMARY, "100000"))
                .containsPattern("Index Only Scan using " + today() + "_xid_idx")
                .doesNotContain("Seq Scan on " + today())
                .doesNotContain("-> Sort", "->  Sort");
        assertThat(await(OutboxQueries.summary(fixture.pool)).pending()).isEqualTo(40_000);
        OutboxQueries.Summary capped = await(OutboxQueries.summary(fixture.pool, 1_000));
        assertThat(capped.pending()).isEqualTo(1_000);
        assertThat(capped.oldestPendingSeconds()).isPositive();
    }

    @ParameterizedTest
    @EnumSource(PlanMode.class)
    void filters_without_an_index_examine_only_a_window_of_the_newest_rows(PlanMode mode) {
        insertOutboxRows();
        for (OutboxQueries.State state : OutboxQueries.State.values()) {
            for (String type : TYPES) {
                ListQuery query = OutboxQueries.listQuery(state, null, type);

                assertThat(mode.plan(fixture, query.windowEnd(Listing.AFTER_ALL, ScanWindowStore.MAX_EXAMINED_ROWS)))
                        .contains("Index Only Scan Backward using " + today() + "_pkey")
                        .doesNotContain("Sort")
                        .doesNotContain("Seq Scan on " + today());
                assertThat(mode.plan(fixture, query.page(Listing.AFTER_ALL, OLDEST, 50)))
                        .as("%s, type %s", state, type)
                        .containsPattern("Index Cond: \\(\\(id < .*\\) AND \\(id >= .*\\)\\)")
                        .doesNotContain("Sort")
                        .doesNotContain("Seq Scan on " + today());
            }
        }
    }

    @Test
    void a_page_ends_after_its_window_and_the_next_one_continues() {
        execute("""
                INSERT INTO outbox (aggregatetype, aggregateid, type, payload, topic)
                VALUES ('greeting', 'rare', 'Rare', '{}', 'greetings')
                """);
        insertOutboxRows();
        List<Integer> found = new ArrayList<>();
        @Nullable UUID cursor = Listing.AFTER_ALL;
        do {
            ScanWindowStore.ScanResult<OutboxQueries.OutboxRow> page =
                    await(OutboxQueries.list(fixture.pool, OutboxQueries.State.ANY, null, "Rare", cursor, 50));
            found.add(page.rows().size());
            cursor = page.examinedTo();
        } while (cursor != null);

        assertThat(found).containsExactly(0, 0, 1);
    }

    @Test
    void a_page_of_pending_rows_examines_a_bounded_number_of_rows() {
        insertOutboxRows();

        ScanWindowStore.ScanResult<OutboxQueries.OutboxRow> page = await(
                OutboxQueries.list(fixture.pool, OutboxQueries.State.PENDING, null, "Rare", Listing.AFTER_ALL, 50));
        ScanWindowStore.ScanResult<OutboxQueries.OutboxRow> ofKey =
                await(OutboxQueries.list(fixture.pool, OutboxQueries.State.PENDING, "k7", null, Listing.AFTER_ALL, 50));

        assertThat(page.rows()).isEmpty();
        assertThat(page.examinedTo()).isNotNull();
        assertThat(ofKey.rows()).hasSize(20);
        assertThat(ofKey.examinedTo()).isNull();
    }

    @ParameterizedTest
    @EnumSource(PlanMode.class)
    void operator_actions_are_found_by_the_most_selective_index(PlanMode mode) {
        execute("""
                INSERT INTO operator_action (who, action, target, details)
                SELECT 'p' || n % 50, 'a' || n % 50, 'o' || n % 5000, '{}' FROM generate_series(1, 20000) n
                """);
        execute("VACUUM ANALYZE operator_action");
        for (int set = 1; set < 8; set++) {
            OperatorActions.Filter filter = new OperatorActions.Filter(
                    (set & 1) == 0 ? null : "p7", (set & 2) == 0 ? null : "a7", (set & 4) == 0 ? null : "o7");
            String index =
                    "operator_action_" + (filter.target() != null ? "target" : filter.who() != null ? "who" : "action");
            ListQuery query = OperatorActions.listQuery(filter);

            assertThat(mode.plan(fixture, query.page(Listing.AFTER_ALL, OLDEST, 50)))
                    .as("%s", filter)
                    .containsPattern("(using|on) " + index + "\\b")
                    .doesNotContain("BitmapAnd")
                    .doesNotContain("Seq Scan");
            assertThat(mode.plan(fixture, query.windowEnd(Listing.AFTER_ALL, ScanWindowStore.MAX_EXAMINED_ROWS)))
                    .as("%s", filter)
                    .contains("Index Only Scan Backward using " + index + " ");
        }
    }

    @ParameterizedTest
    @EnumSource(PlanMode.class)
    void delivery_events_of_one_key_are_found_by_index(PlanMode mode) {
        insertDeliveryEvents();

        assertThat(mode.plan(fixture, DeliveryEventStore.listQuery("k7").page(Listing.AFTER_ALL, OLDEST, 50)))
                .contains("delivery_incident_key")
                .containsPattern("Index Cond: \\(+key = ");
    }

    @ParameterizedTest
    @EnumSource(PlanMode.class)
    void parked_messages_are_found_by_key_or_in_the_order_of_their_ids(PlanMode mode) {
        insertParkedMessages();
        for (String topic : new @Nullable String[] {null, "t7"}) {
            assertThat(mode.plan(
                            fixture, ParkedMessageQueries.listQuery("k7", topic).page(Listing.AFTER_ALL, OLDEST, 50)))
                    .as("topic %s", topic)
                    .contains("parked_message_record_key")
                    .doesNotContain("BitmapAnd");
            assertThat(mode.plan(
                            fixture, ParkedMessageQueries.listQuery(null, topic).page(Listing.AFTER_ALL, OLDEST, 50)))
                    .as("topic %s", topic)
                    .contains("Index Scan Backward using parked_message_id ")
                    .doesNotContain("Sort");
        }
    }

    @Test
    void parked_messages_are_listed_by_key_and_topic() {
        insertParkedMessages();

        assertThat(await(ParkedMessageQueries.list(fixture.pool, "k7", "t7", Listing.AFTER_ALL, 50))
                        .rows())
                .hasSize(4);
        assertThat(await(ParkedMessageQueries.list(fixture.pool, "k7", "t8", Listing.AFTER_ALL, 50))
                        .rows())
                .isEmpty();
        assertThat(await(ParkedMessageQueries.count(fixture.pool)))
                .isEqualTo(new ParkedMessageQueries.Count(5_000, 20_000));
    }

    @Test
    void the_first_parked_message_of_each_key_is_found_without_a_sort() {
        insertParkedMessages();

        assertThat(fixture.genericPlan(ParkedMessageStore.DUE, "'group', ARRAY['t7'], ARRAY[0], ARRAY['t7'], ARRAY[1]"))
                .containsPattern("Unique\\n +-> +Index Only Scan using parked_message_key ");
    }

    @Test
    void parked_messages_are_found_by_position_without_a_sequential_scan() {
        insertParkedMessages();
        String places = "'group', ARRAY['t7'], ARRAY[0], ARRAY[7], ARRAY[gen_random_uuid()]";

        assertThat(fixture.genericPlan(ParkedMessageStore.LOCK, places)).doesNotContain("Seq Scan on parked_message");
        assertThat(fixture.genericPlan(ParkedStartStore.COUNT_FIRST_STARTS, places + ", 1000"))
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
        await(fixture.pool.query(statement).execute());
    }
}
