package dev.lockstep.messaging;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.messaging.deadletter.DeadLetterRoutes;
import dev.lockstep.messaging.deadletter.ReplayJobs;
import dev.lockstep.messaging.deadletter.ReplayStore;
import dev.lockstep.messaging.http.RouteAccess;
import dev.lockstep.messaging.operator.OperatorActionRoutes;
import dev.lockstep.messaging.record.Headers;
import dev.lockstep.messaging.record.MessageIds;
import dev.lockstep.testing.Futures;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
class ReplayIT {
    private static final String ALL = "{\"topic\":\"greetings\",\"to\":\"topic\",\"ratePerSecond\":10000}";

    @RegisterExtension
    final Fixture fixture = new Fixture();

    private final List<ReplayJobs> instances = new ArrayList<>();
    private final DeadLetters deadLetters = new DeadLetters(fixture);
    private ReplayJobs replays;
    private TestApi api;

    @BeforeEach
    void open() {
        replays = instance();
        api = new TestApi(fixture, router -> {
            DeadLetterRoutes.mount(router, RouteAccess.OPEN, fixture.pool, fixture.reads, replays);
            OperatorActionRoutes.mount(router, RouteAccess.OPEN, fixture.reads);
        });
    }

    @AfterEach
    void close() {
        instances.forEach(ReplayJobs::stop);
        api.close();
    }

    @Test
    void a_job_sends_what_matches_with_each_key_in_order_and_is_recorded() {
        deadLetters.insert(1, 25, 3);

        HttpResponse<String> answer = api.post(
                "/dead-letters/replay",
                "{\"to\":\"topic\",\"key\":\"k1\",\"fingerprint\":\"00000000000000aa\",\"ratePerSecond\":10000,\"why\":\"the handler is fixed\"}");
        JsonObject job = ended(answer);

        assertThat(answer.statusCode()).isEqualTo(202);
        assertThat(answer.headers().firstValue("Location")).contains("/dead-letters/replays/" + job.getString("id"));
        assertThat(job.getString("state")).isEqualTo("done");
        assertThat(job.getLong("replayed")).isEqualTo(9);
        assertThat(job.getLong("remaining")).isZero();
        assertThat(deadLetters.sent())
                .containsExactly("k1 v1", "k1 v4", "k1 v7", "k1 v10", "k1 v13", "k1 v16", "k1 v19", "k1 v22", "k1 v25");
        assertThat(deadLetters.open()).hasSize(16);
        assertThat(api.json(api.get("/dead-letters/" + deadLetters.id(4))).getString("replay"))
                .isEqualTo(job.getString("id"));
        JsonObject action = api.rows(api.get("/operator-actions?action=dead-letter.replay-matching"))
                .getFirst();
        assertThat(action.getString("who")).isEqualTo("kim");
        assertThat(action.getString("target")).isEqualTo(job.getString("id"));
        assertThat(action.getString("reason")).isEqualTo("the handler is fixed");
        assertThat(action.getJsonObject("details").getString("key")).isEqualTo("k1");
        assertThat(fixture.meters
                        .get("lockstep.dead.letters.replayed")
                        .counter()
                        .count())
                .isEqualTo(9);
    }

    @Test
    void a_job_keeps_to_its_rate() {
        deadLetters.insert(1, 30, 1);

        ended(api.post("/dead-letters/replay", "{\"all\":true,\"to\":\"topic\",\"ratePerSecond\":10}"));

        assertThat(deadLetters.sent())
                .isEqualTo(
                        IntStream.rangeClosed(1, 30).mapToObj(n -> "k0 v" + n).toList());
        assertThat(
                        fixture.strings(
                                "SELECT max(created_at) - min(created_at) BETWEEN interval '2 s' AND interval '6 s' FROM outbox"))
                .containsExactly("true");
    }

    @Test
    void a_job_stops_when_replayed_messages_fail_again() {
        deadLetters.insert(1, 40, 1);

        JsonObject job = api.json(api.post(
                "/dead-letters/replay", "{\"all\":true,\"to\":\"topic\",\"ratePerSecond\":10,\"maxFailures\":2}"));
        deadLetters.failAgain(1, 101);
        deadLetters.failAgain(2, 102);
        JsonObject ended = ended(job);

        assertThat(ended.getString("state")).isEqualTo("stopped");
        assertThat(ended.getString("stopReason")).isEqualTo("too many replayed messages became dead letters again: 2");
        assertThat(ended.getLong("returned")).isEqualTo(2);
        assertThat(ended.getLong("replayed")).isLessThan(30);
        assertThat(deadLetters.sent()).doesNotHaveDuplicates();
        assertThat(api.json(api.get("/dead-letters/" + deadLetters.id(101))).getString("returnedFrom"))
                .isEqualTo(job.getString("id"));
    }

    @Test
    void a_forced_job_also_stops_when_replayed_messages_fail_again() {
        deadLetters.insert(1, 40, 1);
        for (int offset = 1; offset <= 40; offset++) {
            deadLetters.setMessageAge(offset, "8 days");
        }

        JsonObject job = api.json(
                api.post(
                        "/dead-letters/replay",
                        "{\"all\":true,\"to\":\"topic\",\"ratePerSecond\":10,\"maxFailures\":2,\"force\":true,\"why\":\"none was handled\"}"));
        deadLetters.failAgain(1, 101);
        deadLetters.failAgain(2, 102);
        JsonObject ended = ended(job);

        assertThat(ended.getString("state")).isEqualTo("stopped");
        assertThat(ended.getLong("returned")).isEqualTo(2);
    }

    @Test
    void a_dead_letter_that_failed_again_is_replayed_before_later_ones_of_its_key() {
        deadLetters.insert(1, 3, 1);
        api.json(api.post("/dead-letters/" + deadLetters.id(1) + "/replay", "{\"to\":\"topic\"}"));
        deadLetters.failAgain(1, 101);

        ended(api.post("/dead-letters/replay", ALL));

        assertThat(deadLetters.sent()).containsExactly("k0 v1", "k0 v1", "k0 v2", "k0 v3");
    }

    @Test
    void a_job_excludes_dead_letters_after_its_cut_off_and_includes_those_in_open_transactions() {
        deadLetters.insert(2, 6, 1);
        SqlConnection writer = await(fixture.pool.getConnection());
        await(writer.query("BEGIN").execute());
        await(writer.query("""
                        INSERT INTO dead_letter (id, consumer, topic, partition, "offset", record_headers, reason, error, attempts,
                                                 first_at, fingerprint, origin, key_text, record_key, record_value)
                        VALUES (uuidv7(), 'group', 'greetings', 0, 1, '[]', 'R', 'e', 1, now(), 'f', 1, 'k0', 'k0', 'v1')
                        """).execute());

        JsonObject job =
                api.json(api.post("/dead-letters/replay", "{\"all\":true,\"to\":\"topic\",\"ratePerSecond\":4}"));
        deadLetters.insert(7, 7, 1);
        await(writer.query("COMMIT").execute());
        await(writer.close());

        assertThat(ended(job).getLong("replayed")).isEqualTo(6);
        assertThat(deadLetters.open()).containsExactly("7");
    }

    @Test
    void an_unfinished_job_is_resumed_after_a_restart() {
        deadLetters.insert(1, 20, 5);
        JsonObject job =
                api.json(api.post("/dead-letters/replay", "{\"all\":true,\"to\":\"topic\",\"ratePerSecond\":10}"));
        replays.stop();
        long before = api.json(api.get("/dead-letters/replays/" + job.getString("id")))
                .getLong("replayed");

        instance().start();

        assertThat(ended(job).getLong("replayed")).isEqualTo(20);
        assertThat(before).isLessThan(20);
        assertThat(deadLetters.sent()).hasSize(20).doesNotHaveDuplicates();
    }

    @Test
    void concurrent_instances_replay_each_dead_letter_once() {
        deadLetters.insert(1, 5_000, 50);
        JsonObject job = api.json(api.post("/dead-letters/replay", ALL));
        ReplayStore.ReplayView shown = await(ReplayStore.find(fixture.pool, UUID.fromString(job.getString("id"))))
                .orElseThrow();

        List<Future<ReplayStore.Step>> atOnce = IntStream.range(0, 4)
                .mapToObj(step -> ReplayStore.step(fixture.pool, shown, 1_000, 1_000, Duration.ofDays(7)))
                .toList();
        atOnce.forEach(Futures::await);
        instance().start();
        replays.start();

        assertThat(ended(job).getLong("replayed")).isEqualTo(5_000);
        assertThat(deadLetters.sent()).hasSize(5_000).doesNotHaveDuplicates();
    }

    @Test
    void an_operator_stops_a_job_and_says_why() {
        deadLetters.insert(1, 50, 1);
        JsonObject job =
                api.json(api.post("/dead-letters/replay", "{\"all\":true,\"to\":\"topic\",\"ratePerSecond\":1}"));
        String stop = "/dead-letters/replays/" + job.getString("id") + "/stop";

        assertThat(api.field(api.post(stop, "{}"), 400)).isEqualTo("reason");
        JsonObject stopped = api.json(api.post(stop, "{\"reason\":\"not tonight\"}"));

        assertThat(stopped.getString("state")).isEqualTo("stopped");
        assertThat(stopped.getString("stopReason")).isEqualTo("kim: not tonight");
        assertThat(api.post(stop, "{\"reason\":\"again\"}").statusCode()).isEqualTo(409);
        assertThat(api.rows(api.get("/operator-actions?action=dead-letter.replay-stop")))
                .singleElement()
                .satisfies(action -> assertThat(action.getString("reason")).isEqualTo("not tonight"));
        assertThat(api.rows(api.get("/dead-letters/replays?state=stopped"))).hasSize(1);
        assertThat(api.rows(api.get("/dead-letters/replays?state=running"))).isEmpty();
        assertThat(api.field(api.get("/dead-letters/replays?state=gone"), 400)).isEqualTo("state");
    }

    @Test
    void dead_letters_past_the_dedup_window_need_force_and_a_reason() {
        deadLetters.insert(1, 3, 3);
        deadLetters.setMessageAge(1, "8 days");
        deadLetters.setMessageAge(2, "8 days");
        String one = "/dead-letters/" + deadLetters.id(1) + "/replay";

        HttpResponse<String> refused = api.post(one, "{\"to\":\"topic\"}");

        assertThat(refused.statusCode()).isEqualTo(409);
        assertThat(refused.body()).contains(deadLetters.id(1).toString()).contains("PT168H (INBOX_RETENTION)");
        assertThat(api.field(api.post(one, "{\"force\":true}"), 400)).isEqualTo("reason");
        assertThat(api.post("/dead-letters/replay", "{\"to\":\"topic\",\"key\":\"k2\"}")
                        .statusCode())
                .isEqualTo(409);
        assertThat(api.field(api.post("/dead-letters/replay", "{\"force\":true,\"reason\":\"R\"}"), 400))
                .isEqualTo("why");
        assertThat(deadLetters.sent()).isEmpty();
        assertThat(api.rows(api.get("/operator-actions"))).isEmpty();

        JsonObject young = ended(api.post("/dead-letters/replay", ALL));
        assertThat(young.getLong("replayed")).isEqualTo(1);
        assertThat(young.getLong("tooOld")).isEqualTo(2);
        api.json(api.post(one, "{\"to\":\"topic\",\"force\":true,\"reason\":\"it was never handled\"}"));
        ended(api.post(
                "/dead-letters/replay", "{\"all\":true,\"to\":\"topic\",\"force\":true,\"why\":\"nor was it\"}"));

        assertThat(deadLetters.sent()).containsExactly("k0 v3", "k1 v1", "k2 v2");
        assertThat(api.rows(api.get("/operator-actions")).stream()
                        .filter(action -> action.getJsonObject("details").getBoolean("force", false))
                        .map(action -> action.getString("reason")))
                .containsExactly("nor was it", "it was never handled");
    }

    @Test
    void a_dry_run_says_what_would_be_sent_and_writes_nothing() {
        deadLetters.insert(1, 6, 2);
        deadLetters.setMessageAge(6, "8 days");
        await(fixture.pool
                .query("UPDATE dead_letter SET key_text = NULL, record_key = '\\xff' WHERE \"offset\" = 5")
                .execute());
        await(fixture.pool
                .query(
                        "UPDATE dead_letter SET fingerprint = '00000000000000bb', error_class = 'E' WHERE \"offset\" = 4")
                .execute());

        JsonObject all = api.json(api.post("/dead-letters/replay", "{\"all\":true,\"to\":\"topic\",\"dryRun\":true}"));
        JsonObject some =
                api.json(api.post("/dead-letters/replay", "{\"to\":\"topic\",\"dryRun\":true,\"errorClass\":\"E\"}"));

        assertThat(all.getLong("count")).isEqualTo(4);
        assertThat(all.getLong("tooOld")).isEqualTo(1);
        assertThat(all.getLong("keyNotText")).isEqualTo(1);
        assertThat(all.getInstant("oldest")).isNotNull();
        assertThat(all.getJsonArray("groups").stream()
                        .map(JsonObject.class::cast)
                        .map(group -> group.getString("fingerprint") + " " + group.getLong("count")))
                .containsExactly("00000000000000aa 3", "00000000000000bb 1");
        assertThat(some.getLong("count")).isEqualTo(1);
        assertThat(deadLetters.open()).hasSize(6);
        assertThat(deadLetters.sent()).isEmpty();
        assertThat(api.rows(api.get("/dead-letters/replays"))).isEmpty();
        assertThat(api.rows(api.get("/operator-actions"))).isEmpty();
    }

    @Test
    void a_record_without_an_id_is_replayed_with_its_inbox_id() {
        deadLetters.insert(1, 2, 1);
        await(fixture.pool
                .query("UPDATE dead_letter SET record_headers = record_headers - 1 WHERE \"offset\" = 1")
                .execute());

        ended(api.post("/dead-letters/replay", ALL));

        assertThat(fixture.strings("""
                        SELECT convert_from(decode(o.headers -> 1 ->> 1, 'base64'), 'UTF8') = d.message_id::text
                               AND jsonb_array_length(o.headers) = 2
                          FROM outbox o JOIN dead_letter d ON d.record_value = o.payload
                         ORDER BY o.id
                        """)).containsExactly("true", "true");
    }

    @Test
    void a_record_without_a_time_keeps_its_identity_when_replayed_on_another_day() {
        ConsumerRecord<byte[], byte[]> first = record(1, Instant.now().minus(Duration.ofDays(2)));
        first.headers()
                .add("ce_source", "/elsewhere".getBytes(StandardCharsets.UTF_8))
                .add("ce_id", "42".getBytes(StandardCharsets.UTF_8));
        deadLetters.insert(first, "not today");

        api.json(api.post("/dead-letters/" + deadLetters.id(1) + "/replay", "{\"to\":\"topic\"}"));

        ConsumerRecord<byte[], byte[]> again = record(2, Instant.now());
        Headers.toKafka(new JsonArray(fixture.strings("SELECT headers FROM outbox WHERE topic = 'greetings'")
                        .getFirst()))
                .forEach(again.headers()::add);
        assertThat(MessageIds.identity(again)).isEqualTo(MessageIds.identity(first));
        assertThat(again.headers().toArray()).hasSize(3);
    }

    @Test
    void invalid_options_are_named() {
        assertThat(api.field(api.post("/dead-letters/replay", "{\"ratePerSecond\":0}"), 400))
                .isEqualTo("ratePerSecond");
        assertThat(api.field(api.post("/dead-letters/replay", "{\"ratePerSecond\":10001}"), 400))
                .isEqualTo("ratePerSecond");
        assertThat(api.field(api.post("/dead-letters/replay", "{\"maxFailures\":0}"), 400))
                .isEqualTo("maxFailures");
        assertThat(api.get("/dead-letters/replays/0199a4b0-0000-7000-8000-000000000000")
                        .statusCode())
                .isEqualTo(404);
        assertThat(api.post("/dead-letters/0199a4b0-0000-7000-8000-000000000000/replay", "")
                        .statusCode())
                .isEqualTo(404);
    }

    private static ConsumerRecord<byte[], byte[]> record(long offset, Instant sent) {
        return new ConsumerRecord<>(
                "greetings",
                0,
                offset,
                sent.toEpochMilli(),
                TimestampType.CREATE_TIME,
                ConsumerRecord.NULL_SIZE,
                ConsumerRecord.NULL_SIZE,
                "k".getBytes(StandardCharsets.UTF_8),
                "v".getBytes(StandardCharsets.UTF_8),
                new RecordHeaders(),
                Optional.empty());
    }

    private ReplayJobs instance() {
        ReplayJobs instance = new ReplayJobs(fixture.vertx, fixture.pool, Duration.ofDays(7), fixture.meters);
        instances.add(instance);
        return instance;
    }

    private JsonObject ended(HttpResponse<String> answer) {
        return ended(api.json(answer));
    }

    private JsonObject ended(JsonObject job) {
        String path = "/dead-letters/replays/" + job.getString("id");
        return await().atMost(Duration.ofSeconds(20))
                .until(
                        () -> api.json(api.get(path)),
                        now -> !now.getString("state").equals("running"));
    }
}
