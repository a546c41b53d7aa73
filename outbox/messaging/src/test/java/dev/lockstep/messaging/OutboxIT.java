package dev.lockstep.messaging;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.messaging.listing.Listing;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.messaging.outbox.OutboxMessage;
import dev.lockstep.messaging.outbox.OutboxQueries;
import dev.lockstep.messaging.outbox.PartitionMaintenance;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
class OutboxIT {
    private static final String ACKNOWLEDGE =
            "UPDATE outbox_watermark SET snapshot = pg_current_snapshot(), beat = beat + 1, acknowledged_at = now()";

    @RegisterExtension
    final Fixture fixture = new Fixture();

    private final Outbox outbox = new Outbox();

    @Test
    void messages_become_visible_at_the_commit_in_the_order_appended() {
        await(fixture.pool.withTransaction(tx -> outbox.append(tx, List.of(message("a"), message("b")))
                .compose(done -> outbox.append(tx, List.of(message("c"))))));

        assertThat(fixture.strings("SELECT aggregateid FROM outbox ORDER BY id"))
                .containsExactly("a", "b", "c");
    }

    @Test
    void a_rollback_leaves_nothing() {
        Future<Void> changedMind = fixture.pool
                .withTransaction(tx -> outbox.append(tx, List.of(message("a")))
                        .compose(done -> Future.<Void>failedFuture("changed my mind")))
                .otherwiseEmpty();
        await(changedMind.mapEmpty());

        assertThat(fixture.strings("SELECT id FROM outbox")).isEmpty();
    }

    @Test
    void a_row_is_relayed_when_its_transaction_is_visible_in_the_acknowledged_snapshot_and_not_before() {
        append("a");
        assertThat(states()).containsExactly("pending");

        await(fixture.pool.query(ACKNOWLEDGE).execute());
        append("b");

        assertThat(states()).containsExactly("pending", "relayed");
        OutboxQueries.Summary summary = await(OutboxQueries.summary(fixture.pool));
        assertThat(summary.pending()).isEqualTo(1);
    }

    @Test
    void a_row_of_a_transaction_open_at_the_heartbeat_stays_pending() {
        await(fixture.pool.withTransaction(tx -> outbox.append(tx, List.of(message("a")))
                .compose(appended -> fixture.pool.query(ACKNOWLEDGE).execute())));

        assertThat(states()).containsExactly("pending");
    }

    @Test
    void an_expired_partition_is_dropped_once_all_its_rows_are_relayed() {
        String yesterday = fixture.strings(
                        "SELECT 'outbox_p' || to_char(now() AT TIME ZONE 'UTC' - interval '1 day', 'YYYYMMDD')")
                .getFirst();
        await(fixture.pool
                .preparedQuery(
                        "INSERT INTO outbox (id, aggregatetype, aggregateid, type, topic) VALUES (uuidv7_floor($1), 't', 'old', 'T', 't')")
                .execute(Tuple.of(OffsetDateTime.now(ZoneOffset.UTC).minusDays(1))));
        PartitionMaintenance maintenance = new PartitionMaintenance(
                fixture.vertx, fixture.pool, Duration.ZERO, Duration.ofDays(7), Duration.ofDays(90));

        await(maintenance.run());
        assertThat(partitions()).contains(yesterday);

        await(fixture.pool.query(ACKNOWLEDGE).execute());
        await(maintenance.run().compose(done -> maintenance.run()));
        // Each run creates yesterday's partition again, empty, for clocks that are slow. The rows are deleted.
        assertThat(fixture.strings("SELECT id FROM outbox")).isEmpty();
    }

    @Test
    void a_held_row_is_pending_regardless_of_the_watermark() {
        append("a");
        append("b");
        await(fixture.pool.query(ACKNOWLEDGE).execute());
        await(fixture.pool.query("UPDATE outbox_watermark SET relayed = 2").execute());

        holdBack("a");
        append("c");

        assertThat(states()).containsExactly("pending", "relayed", "pending");
        assertThat(await(OutboxQueries.list(
                                fixture.pool, OutboxQueries.State.PENDING, null, null, Listing.AFTER_ALL, 10))
                        .rows())
                .extracting(OutboxQueries.OutboxRow::aggregateId)
                .containsExactly("c", "a");
        assertThat(await(OutboxQueries.list(
                                fixture.pool, OutboxQueries.State.RELAYED, null, null, Listing.AFTER_ALL, 10))
                        .rows())
                .extracting(OutboxQueries.OutboxRow::aggregateId)
                .containsExactly("b");
        assertThat(await(OutboxQueries.list(
                                fixture.pool, OutboxQueries.State.PENDING, "a", null, Listing.AFTER_ALL, 10))
                        .rows())
                .hasSize(1);
        OutboxQueries.Summary summary = await(OutboxQueries.summary(fixture.pool));
        assertThat(summary.pending()).isEqualTo(2);
        assertThat(summary.relayed()).isEqualTo(1);
        assertThat(summary.held()).extracting(OutboxQueries.HeldTopic::rows).containsExactly(1L);

        // A row is held back that the watermark has not passed.
        holdBack("c");

        // It is counted once.
        summary = await(OutboxQueries.summary(fixture.pool));
        assertThat(summary.pending()).isEqualTo(2);
        assertThat(summary.relayed()).isEqualTo(1);
    }

    @Test
    void a_refused_topic_is_reported_with_topic_and_row() {
        append("a");
        String row = fixture.strings("SELECT id::text FROM outbox").getFirst();
        assertThat(problem(Duration.ofSeconds(60))).isEmpty();

        holdBack("a");

        assertThat(problem(Duration.ofSeconds(60)))
                .hasValueSatisfying(
                        problem -> assertThat(problem).contains("outbox row " + row, "topic t: ", "it is missing"));
    }

    @Test
    void a_partition_with_a_held_row_is_not_dropped() {
        await(fixture.pool
                .preparedQuery(
                        "INSERT INTO outbox (id, aggregatetype, aggregateid, type, topic) VALUES (uuidv7_floor($1), 't', 'old', 'T', 't')")
                .execute(Tuple.of(OffsetDateTime.now(ZoneOffset.UTC).minusDays(1))));
        await(fixture.pool.query(ACKNOWLEDGE).execute());
        holdBack("old");
        PartitionMaintenance maintenance = new PartitionMaintenance(
                fixture.vertx, fixture.pool, Duration.ZERO, Duration.ofDays(7), Duration.ofDays(90));

        await(maintenance.run().compose(done -> maintenance.run()));

        assertThat(fixture.strings("SELECT aggregateid FROM outbox")).containsExactly("old");

        await(fixture.pool.query("DELETE FROM outbox_held").execute());
        await(maintenance.run());

        assertThat(fixture.strings("SELECT aggregateid FROM outbox")).isEmpty();
    }

    private void holdBack(String aggregateId) {
        await(fixture.pool.preparedQuery("""
                    WITH held AS (INSERT INTO outbox_held (id, topic, key_hash, xid)
                                  SELECT id, 't', 1, xid FROM outbox WHERE aggregateid = $1 RETURNING id)
                    INSERT INTO outbox_held_topic AS t (topic, rows, row_id, reason) SELECT 't', 1, id, 'it is missing' FROM held
                    ON CONFLICT (topic) DO UPDATE SET rows = t.rows + 1
                    """).execute(Tuple.of(aggregateId)));
    }

    @Test
    void expired_partitions_are_dropped_one_per_transaction() {
        await(fixture.pool.query("SELECT ensure_partitions('outbox', 5, 0)").execute());
        await(fixture.pool.query(ACKNOWLEDGE).execute());
        List<String> days = partitions();
        PartitionMaintenance maintenance = new PartitionMaintenance(
                fixture.vertx, fixture.pool, Duration.ofDays(1), Duration.ofDays(7), Duration.ofDays(90));

        // Another transaction has locked the third partition.
        await(fixture.pool.withTransaction(
                tx -> tx.query("SELECT FROM " + days.get(2)).execute().compose(read -> maintenance.run())));

        assertThat(partitions()).isEqualTo(days.subList(2, days.size()));

        // The lock is released.
        await(maintenance.run());

        assertThat(partitions()).isEqualTo(days.subList(4, days.size()));
    }

    @Test
    void a_stale_heartbeat_is_reported_as_a_relay_problem() {
        await(fixture.pool
                .query("UPDATE outbox_watermark SET acknowledged_at = now() - interval '30 seconds'")
                .execute());

        assertThat(problem(Duration.ofSeconds(60))).isEmpty();
        assertThat(problem(Duration.ofSeconds(29)))
                .hasValueSatisfying(
                        problem -> assertThat(problem).startsWith("no relay: Kafka acknowledged the last heartbeat"));
    }

    @Test
    void rows_go_to_partitions_that_exist_days_ahead() {
        assertThat(partitions())
                .contains(fixture.strings(
                                "SELECT 'outbox_p' || to_char(now() AT TIME ZONE 'UTC' + interval '3 days', 'YYYYMMDD')")
                        .getFirst());
    }

    private Optional<String> problem(Duration stalledAfter) {
        OutboxMetrics metrics = new OutboxMetrics(fixture.vertx, fixture.pool, stalledAfter, new SimpleMeterRegistry());
        await(metrics.start());
        metrics.stop();
        return metrics.problem();
    }

    private void append(String aggregateId) {
        await(fixture.pool.withTransaction(tx -> outbox.append(tx, List.of(message(aggregateId)))));
    }

    private List<String> states() {
        return await(OutboxQueries.list(fixture.pool, OutboxQueries.State.ANY, null, null, Listing.AFTER_ALL, 10))
                .rows()
                .stream()
                .map(OutboxQueries.OutboxRow::state)
                .toList();
    }

    private List<String> partitions() {
        return fixture.strings(
                "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'outbox'::regclass ORDER BY 1");
    }

    private static OutboxMessage message(String aggregateId) {
        return OutboxMessage.of("greeting", aggregateId, "greetings", new Fixture.Hello(aggregateId), null);
    }
}
