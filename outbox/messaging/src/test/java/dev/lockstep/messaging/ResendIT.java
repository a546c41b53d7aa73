package dev.lockstep.messaging;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.messaging.delivery.DeliveryRoutes;
import dev.lockstep.messaging.http.RouteAccess;
import dev.lockstep.messaging.operator.OperatorActionRoutes;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.messaging.outbox.OutboxMessage;
import dev.lockstep.messaging.outbox.OutboxRoutes;
import dev.lockstep.messaging.resend.ResendJobs;
import dev.lockstep.messaging.resend.ResendRoutes;
import dev.lockstep.messaging.resend.ResendStore;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class ResendIT {
    private static final String RESENT = """
            SELECT first.aggregateid || ' ' || first.sequence
              FROM outbox again JOIN outbox first ON first.id = again.resend_of
             WHERE again.payload = first.payload AND again.topic = first.topic AND again.sequence = first.sequence
             ORDER BY again.id
            """;

    @RegisterExtension
    final Fixture fixture = new Fixture();

    private final ResendJobs resends = new ResendJobs(fixture.vertx, fixture.pool);
    private TestApi api;

    @BeforeEach
    void open() {
        api = new TestApi(fixture, router -> {
            ResendRoutes.mount(router, RouteAccess.OPEN, fixture.pool, fixture.reads, resends, Duration.ofDays(7));
            OutboxRoutes.mount(router, RouteAccess.OPEN, fixture.reads);
            OperatorActionRoutes.mount(router, RouteAccess.OPEN, fixture.reads);
            DeliveryRoutes.mount(router, RouteAccess.OPEN, fixture.reads);
        });
    }

    @AfterEach
    void close() {
        resends.stop();
        api.close();
    }

    @Test
    void messages_are_sent_again_by_key_by_type_by_time_and_by_id_in_their_order_and_only_those() {
        append("a", "b", "a");
        Instant before = Instant.now();
        append("b");

        assertThat(resent("{\"key\":\"a\"}")).isEqualTo(2);
        assertThat(fixture.strings(RESENT)).containsExactly("a 1", "a 2");
        assertThat(resent("{\"type\":\"Hello\",\"topic\":\"greetings\"}")).isEqualTo(4);
        assertThat(resent("{\"type\":\"Goodbye\"}")).isZero();
        assertThat(resent("{\"from\":\"" + before + "\"}")).isEqualTo(1);
        String id = fixture.strings("SELECT id FROM outbox WHERE aggregateid = 'b' AND sequence = 1")
                .getFirst();
        assertThat(resent("{\"ids\":[\"" + id + "\"]}")).isEqualTo(1);
        assertThat(fixture.strings(RESENT)).containsExactly("a 1", "a 2", "a 1", "b 1", "a 2", "b 2", "b 2", "b 1");
    }

    @Test
    void a_dry_run_counts_and_sends_nothing() {
        append("a", "b", "a");

        JsonObject counted = api.json(api.post("/outbox/resend", "{\"key\":\"a\",\"dryRun\":true}"));

        assertThat(counted)
                .isEqualTo(
                        new JsonObject().put("dryRun", true).put("matching", 2).put("more", false));
        assertThat(fixture.strings(RESENT)).isEmpty();
    }

    @Test
    void messages_past_the_dedup_window_need_force_and_a_reason() {
        await(fixture.pool.query("SELECT ensure_partitions('outbox', 9, 3)").execute());
        await(fixture.pool.query("""
                        INSERT INTO outbox (id, aggregatetype, aggregateid, type, topic, payload, sequence)
                        VALUES (uuidv7_floor(now() - interval '8 days'), 'greeting', 'a', 'Hello', 'greetings', '{}', 1)
                        """).execute());

        assertThat(api.post("/outbox/resend", "{\"key\":\"a\"}").statusCode()).isEqualTo(409);
        assertThat(api.field(api.post("/outbox/resend", "{\"key\":\"a\",\"force\":true}"), 400))
                .isEqualTo("reason");
        assertThat(fixture.strings(RESENT)).isEmpty();

        assertThat(resent("{\"key\":\"a\",\"force\":true,\"reason\":\"rebuilt\"}"))
                .isEqualTo(1);
        JsonObject action =
                api.rows(api.get("/operator-actions?action=outbox.resend")).getFirst();
        assertThat(action.getString("who")).isEqualTo("kim");
        assertThat(action.getString("reason")).isEqualTo("rebuilt");
    }

    @Test
    void a_large_job_continues_in_the_background_without_duplicates_from_two_instances() {
        append(IntStream.range(0, 5_500).mapToObj(i -> "k" + i % 50).toArray(String[]::new));
        ResendJobs other = new ResendJobs(fixture.vertx, fixture.pool);
        other.start();

        JsonObject job = api.json(api.post("/outbox/resend", "{\"topic\":\"greetings\",\"ratePerSecond\":5000}"));
        resends.start();

        assertThat(job.getString("state")).isEqualTo("running");
        await().untilAsserted(() -> {
            JsonObject now = api.json(api.get("/outbox/resends/" + job.getString("id")));
            assertThat(now.getString("state")).isEqualTo("done");
            assertThat(now.getLong("resent")).isEqualTo(5_500);
        });
        assertThat(fixture.strings(
                        "SELECT count(*) || ' ' || count(DISTINCT resend_of) FROM outbox WHERE resend_of IS NOT NULL"))
                .containsExactly("5500 5500");
        other.stop();
    }

    @Test
    void an_unfinished_job_is_resumed_after_a_restart() {
        append(IntStream.range(0, 2_500).mapToObj(i -> "k").toArray(String[]::new));
        JsonObject job = api.json(api.post("/outbox/resend", "{\"key\":\"k\",\"ratePerSecond\":5000}"));
        resends.stop();

        ResendJobs next = new ResendJobs(fixture.vertx, fixture.pool);
        next.start();

        await().untilAsserted(() -> assertThat(api.json(api.get("/outbox/resends/" + job.getString("id")))
                        .getLong("resent"))
                .isEqualTo(2_500));
        next.stop();
    }

    @Test
    void a_request_without_a_selection_is_rejected() {
        assertThat(api.field(api.post("/outbox/resend", "{}"), 400)).isEqualTo("ids");
        assertThat(api.field(api.post("/outbox/resend", "{\"ids\":[],\"reason\":\"x\"}"), 400))
                .isEqualTo("ids");
        assertThat(api.field(api.post("/outbox/resend", "{\"from\":\"yesterday\"}"), 400))
                .isEqualTo("from");
        assertThat(api.get("/outbox/resends/0199a4b0-0000-7000-8000-000000000000")
                        .statusCode())
                .isEqualTo(404);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"from\":\"1970-01-01T00:00:00Z\"}",
                "{\"from\":\"1970-01-01T00:00:00Z\",\"dryRun\":true}",
                "{\"to\":\"9999-12-31T23:59:59Z\"}",
                "{\"from\":\"2000-01-01T00:00:00Z\",\"to\":\"2100-01-01T00:00:00Z\",\"all\":false}",
                "{\"all\":true,\"topic\":\"greetings\"}"
            })
    void resending_everything_requires_all(String request) {
        append("a");

        assertThat(api.field(api.post("/outbox/resend", request), 400)).isEqualTo("all");
        assertThat(fixture.strings(RESENT)).isEmpty();
        assertThat(resent("{\"all\":true}")).isEqualTo(1);
    }

    @Test
    void one_job_runs_at_a_time_the_others_wait_in_order_and_more_are_refused() {
        append(IntStream.range(0, 30).mapToObj(i -> "k").toArray(String[]::new));
        List<String> jobs = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            jobs.add(api.json(api.post("/outbox/resend", "{\"key\":\"k\",\"ratePerSecond\":1}"))
                    .getString("id"));
        }

        HttpResponse<String> refused = api.post("/outbox/resend", "{\"key\":\"k\"}");

        assertThat(refused.statusCode()).isEqualTo(409);
        assertThat(refused.body()).contains("/outbox/resends");
        assertThat(api.rows(api.get("/outbox/resends")).stream().map(job -> job.getString("state")))
                .containsExactly("waiting", "waiting", "waiting", "waiting", "running");
        assertThat(fixture.strings("SELECT count(*) FROM outbox WHERE resend_of IS NOT NULL"))
                .containsExactly("1");
        String stop = "/outbox/resends/" + jobs.getFirst() + "/stop";
        assertThat(api.field(api.post(stop, ""), 400)).isEqualTo("reason");
        JsonObject stopped = api.json(api.post(stop, "{\"reason\":\"not tonight\"}"));
        assertThat(stopped.getString("state")).isEqualTo("stopped");
        assertThat(stopped.getString("stopReason")).isEqualTo("kim: not tonight");
        assertThat(api.post(stop, "{\"reason\":\"again\"}").statusCode()).isEqualTo(409);
        assertThat(api.json(api.get("/outbox/resends/" + jobs.get(1))).getString("state"))
                .isEqualTo("running");
        assertThat(api.rows(api.get("/operator-actions?action=outbox.resend-stop")))
                .hasSize(1);
    }

    @Test
    void a_lost_range_job_does_not_wait_for_operator_jobs() {
        append(IntStream.range(0, 30).mapToObj(i -> "k").toArray(String[]::new));
        String slow = api.json(api.post("/outbox/resend", "{\"key\":\"k\",\"ratePerSecond\":1}"))
                .getString("id");
        String needed = await(ResendStore.createForLostRange(
                        fixture.pool,
                        "greetings",
                        Instant.now().minus(Duration.ofHours(1)),
                        fixture.uuidv7(),
                        "reader",
                        Duration.ofDays(7)))
                .orElseThrow()
                .toString();

        resends.start();

        await().until(() -> api.json(api.get("/outbox/resends/" + needed))
                .getString("state")
                .equals("done"));
        assertThat(api.json(api.get("/outbox/resends/" + needed)).getLong("resent"))
                .isEqualTo(30);
        assertThat(api.json(api.get("/outbox/resends/" + slow)).getString("state"))
                .isEqualTo("running");
    }

    @Test
    void a_job_keeps_to_its_rate_and_reports_progress() {
        append(IntStream.range(0, 30).mapToObj(i -> "k").toArray(String[]::new));

        JsonObject job = api.json(api.post("/outbox/resend", "{\"key\":\"k\",\"ratePerSecond\":10}"));
        resends.start();

        assertThat(job.getInteger("ratePerSecond")).isEqualTo(10);
        assertThat(job.getLong("resent")).isEqualTo(2);
        assertThat(job.getInstant("reached")).isNotNull();
        await().until(() -> api.json(api.get("/outbox/resends/" + job.getString("id")))
                .getString("state")
                .equals("done"));
        assertThat(fixture.strings("SELECT max(created_at) - min(created_at) > interval '2 s' FROM outbox"
                        + " WHERE resend_of IS NOT NULL"))
                .containsExactly("true");
        assertThat(fixture.strings(RESENT)).hasSize(30);
    }

    @Test
    void a_job_pauses_while_too_many_rows_are_pending() {
        append("a");
        await(fixture.pool.query("""
                        INSERT INTO outbox (aggregatetype, type, topic) SELECT 'x', 'X', 'x' FROM generate_series(1, 20000)
                        """).execute());
        await(fixture.pool.query("VACUUM ANALYZE outbox").execute());

        JsonObject job = api.json(api.post("/outbox/resend", "{\"key\":\"a\"}"));
        assertThat(job.getString("state")).isEqualTo("running");
        assertThat(job.getBoolean("heldBack")).isTrue();
        assertThat(fixture.strings(RESENT)).isEmpty();
        await(fixture.pool
                .query("UPDATE outbox_watermark SET snapshot = pg_current_snapshot()")
                .execute());
        resends.start();

        await().until(() -> api.json(api.get("/outbox/resends/" + job.getString("id")))
                .getString("state")
                .equals("done"));
        assertThat(fixture.strings(RESENT)).containsExactly("a 1");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1969-12-31T23:59:59.999Z",
                "1970-01-01T00:00:00+01:00",
                "-0044-03-15T00:00:00Z",
                "+10000-01-01T00:00:00Z",
                "+300000-01-01T00:00:00Z"
            })
    void an_out_of_range_time_is_rejected(String time) {
        append("a");

        assertThat(api.field(api.post("/outbox/resend", "{\"from\":\"" + time + "\"}"), 400))
                .isEqualTo("from");
        assertThat(api.field(api.post("/outbox/resend", "{\"to\":\"" + time + "\",\"dryRun\":true}"), 400))
                .isEqualTo("to");
        assertThat(fixture.strings(RESENT)).isEmpty();
    }

    @Test
    void the_earliest_and_latest_valid_times_are_accepted() {
        append("a");

        assertThat(resent("{\"all\":true,\"from\":\"1970-01-01T00:00:00Z\",\"to\":\"9999-12-31T23:59:59Z\"}"))
                .isEqualTo(1);
    }

    @Test
    void inbox_parked_messages_and_delivery_events_are_shown() {
        fixture.createTopic(1);
        fixture.hello("a", "ann");
        fixture.hello("b", "bob");
        fixture.consume((tx, messages) ->
                messages.stream().anyMatch(each -> each.message().name().equals("bob"))
                        ? io.vertx.core.Future.failedFuture(new IllegalStateException("bob is not in"))
                        : Fixture.greeter().handle(tx, messages));
        await().untilAsserted(() ->
                assertThat(api.rows(api.get("/parked-messages?key=b"))).hasSize(1));

        JsonObject parked = api.rows(api.get("/parked-messages?key=b&topic=" + fixture.topic))
                .getFirst();
        assertThat(parked.getLong("offset")).isEqualTo(1);
        assertThat(parked.getString("type")).isEqualTo("Hello");
        assertThat(parked.getString("error")).contains("bob is not in");
        assertThat(api.rows(api.get("/parked-messages?key=a"))).isEmpty();
        JsonObject received =
                api.rows(api.get("/inbox?id=" + parked.getString("messageId"))).getFirst();
        assertThat(received.getString("topic")).isEqualTo(fixture.topic);
        assertThat(received.getLong("offset")).isEqualTo(1);
        assertThat(received.getString("consumer")).isEqualTo(fixture.group);
        await().untilAsserted(() -> assertThat(api.rows(api.get("/delivery-incidents?key=b")).stream()
                        .map(incident -> incident.getString("event")))
                .containsExactly("DEAD", "FAILED_AGAIN", "PARKED"));
        assertThat(api.rows(api.get("/delivery-incidents?key=a"))).isEmpty();
        assertThat(api.field(api.get("/inbox"), 400)).isEqualTo("id");
    }

    private long resent(String request) {
        JsonObject job = api.json(api.post("/outbox/resend", request));
        assertThat(job.getString("state")).isEqualTo("done");
        return job.getLong("resent");
    }

    private void append(String... keys) {
        await(fixture.pool.withTransaction(tx -> new Outbox()
                .append(
                        tx,
                        List.of(keys).stream()
                                .map(key ->
                                        OutboxMessage.of("greeting", key, "greetings", new Fixture.Hello(key), null))
                                .toList())));
    }
}
