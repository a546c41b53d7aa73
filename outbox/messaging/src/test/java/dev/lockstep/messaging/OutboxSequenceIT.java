package dev.lockstep.messaging;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.messaging.outbox.OutboxMessage;
import dev.lockstep.testing.Futures;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
class OutboxSequenceIT {
    private static final String SEQUENCE = """
            SELECT o.topic || '/' || o.aggregateid || ' ' || o.sequence || ' after ' || coalesce(before.sequence::text, 'none')
              FROM outbox o LEFT JOIN outbox before ON before.id = o.previous_id
             ORDER BY o.id
            """;

    @RegisterExtension
    final Fixture fixture = new Fixture();

    private final Outbox outbox = new Outbox();

    @Test
    void messages_of_a_topic_and_key_are_numbered_and_linked_within_and_across_transactions() {
        append(message("t", "a"), message("t", "b"), message("t", "a"), message("u", "a"));
        append(message("t", "a"), message("t", "c"), message("t", "a"));

        assertThat(fixture.strings(SEQUENCE))
                .containsExactly(
                        "t/a 1 after none",
                        "t/b 1 after none",
                        "t/a 2 after 1",
                        "u/a 1 after none",
                        "t/a 3 after 2",
                        "t/c 1 after none",
                        "t/a 4 after 3");
    }

    @Test
    void a_first_message_skips_the_predecessor_lookup() {
        append(message("t", "a").asFirst(), message("t", "a"));
        append(message("t", "a"));

        assertThat(fixture.strings(SEQUENCE)).containsExactly("t/a 1 after none", "t/a 2 after 1", "t/a 3 after 2");
    }

    @Test
    void the_predecessor_is_found_in_an_earlier_partition() {
        await(fixture.pool.query("""
                        INSERT INTO outbox (id, aggregatetype, aggregateid, type, topic, sequence)
                        VALUES (uuidv7_floor(now() - interval '1 day'), 'greeting', 'a', 'Hello', 't', 41)
                        """).execute());

        append(message("t", "a"));

        assertThat(fixture.strings(SEQUENCE)).containsExactly("t/a 41 after none", "t/a 42 after 41");
    }

    @Test
    void resent_rows_and_rows_with_own_headers_are_not_part_of_the_sequence() {
        append(message("t", "a"));
        await(fixture.pool.query("""
                        INSERT INTO outbox (aggregatetype, aggregateid, type, topic, sequence, resend_of, headers)
                        SELECT aggregatetype, aggregateid, type, topic, 1, id, NULL::jsonb FROM outbox
                        UNION ALL
                        SELECT aggregatetype, aggregateid, type, topic, NULL, NULL, '[]'::jsonb FROM outbox
                        """).execute());

        append(message("t", "a"));

        assertThat(fixture.strings(
                        "SELECT sequence FROM outbox WHERE id = (SELECT id FROM outbox ORDER BY id DESC LIMIT 1)"))
                .containsExactly("2");
    }

    @Test
    void concurrent_transactions_on_one_aggregate_form_one_sequence() {
        await(fixture.pool.query("CREATE TABLE aggregate (id text PRIMARY KEY)").execute());
        await(fixture.pool.query("INSERT INTO aggregate VALUES ('a')").execute());

        List<Future<Void>> all = new ArrayList<>();
        IntStream.range(0, 100)
                .forEach(i -> all.add(fixture.pool
                        .withTransaction(tx -> tx.query("SELECT FROM aggregate FOR UPDATE")
                                .execute()
                                .compose(locked -> outbox.append(tx, List.of(message("t", "a"), message("t", "a")))))
                        .mapEmpty()));
        all.forEach(Futures::await);

        assertThat(fixture.strings(SEQUENCE))
                .isEqualTo(IntStream.rangeClosed(1, 200)
                        .mapToObj(i -> "t/a " + i + " after " + (i == 1 ? "none" : i - 1))
                        .toList());
    }

    @Test
    void the_predecessor_lookup_uses_partition_indexes_and_prunes_future_partitions() {
        await(fixture.pool.query("""
                        INSERT INTO outbox (aggregatetype, aggregateid, type, topic, sequence)
                        SELECT 'greeting', 'k' || n % 5000, 'Hello', 't', 1 + n / 5000 FROM generate_series(0, 49999) n
                        """).execute());
        await(fixture.pool.query("ANALYZE outbox").execute());

        String lookup = fixture.strings("SELECT prosrc FROM pg_proc WHERE proname = 'outbox_newest'")
                .getFirst()
                .replace("of_topic", "'t'")
                .replace("of_key", "'k42'");
        String plan = String.join("\n", fixture.strings("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) " + lookup));

        assertThat(plan)
                .contains("Index Scan Backward using")
                .doesNotContain("Seq Scan")
                .contains("Subplans Removed: 2");
    }

    @Test
    void append_uses_a_generic_plan() {
        SqlConnection connection = await(fixture.pool.getConnection());
        IntStream.range(0, 20)
                .forEach(i -> await(outbox.append(
                        connection,
                        IntStream.rangeClosed(0, i % 3)
                                .mapToObj(n -> message("t", "few-" + n))
                                .toList())));

        List<String> plans = new ArrayList<>();
        await(connection.query("""
                                SELECT custom_plans <= 5 AND generic_plans >= 15 AS kept
                                  FROM pg_prepared_statements
                                 WHERE statement LIKE '%INSERT INTO outbox %'
                                """).execute()).forEach(row -> plans.add(String.valueOf(row.getBoolean("kept"))));

        assertThat(plans).containsExactly("true");
        await(connection.close());
    }

    private void append(OutboxMessage... messages) {
        await(fixture.pool.withTransaction(tx -> outbox.append(tx, List.of(messages))));
    }

    private static OutboxMessage message(String topic, String key) {
        return OutboxMessage.of("greeting", key, topic, new Fixture.Hello(key), null);
    }
}
