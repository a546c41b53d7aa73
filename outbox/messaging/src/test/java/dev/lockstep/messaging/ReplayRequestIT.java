package dev.lockstep.messaging;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.messaging.deadletter.DeadLetterRoutes;
import dev.lockstep.messaging.deadletter.ReplayJobs;
import dev.lockstep.messaging.deadletter.ReplayStore;
import dev.lockstep.messaging.http.RouteAccess;
import dev.lockstep.messaging.operator.OperatorActionRoutes;
import dev.lockstep.messaging.record.MessageIds;
import dev.lockstep.testing.Futures;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which requests for a replay to the consumer group are accepted and refused, and which rows a replay writes. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class ReplayRequestIT {
    private static final String ALL = "{\"all\":true,\"ratePerSecond\":10000}";

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

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{}",
                "{\"dryRun\":true}",
                "{\"ratePerSecond\":5,\"maxFailures\":3}",
                "{\"force\":true,\"why\":\"x\"}",
                "{\"all\":false}",
                "{\"all\":null,\"topic\":null}",
                "{\"to\":\"topic\"}",
                "{\"all\":true,\"topic\":\"greetings\"}"
            })
    void a_request_without_a_selection_is_rejected(String request) {
        deadLetters.withSubscription().insert(1, 3, 1);

        assertThat(api.field(api.post("/dead-letters/replay", request), 400)).isEqualTo("all");

        assertThat(deadLetters.open()).hasSize(3);
        assertThat(api.rows(api.get("/dead-letters/replays"))).isEmpty();
    }

    @Test
    void an_unknown_destination_is_rejected() {
        deadLetters.withSubscription().insert(1, 1, 1);

        assertThat(api.field(api.post("/dead-letters/replay", "{\"all\":true,\"to\":\"everybody\"}"), 400))
                .isEqualTo("to");
        assertThat(api.field(api.post("/dead-letters/" + deadLetters.id(1) + "/replay", "{\"to\":\"\"}"), 400))
                .isEqualTo("to");
        assertThat(deadLetters.open()).hasSize(1);
    }

    @Test
    void everything_is_redelivered_with_each_key_in_order_and_is_recorded() {
        deadLetters.withSubscription().insert(1, 25, 3);

        JsonObject preview = api.json(api.post("/dead-letters/replay", "{\"all\":true,\"dryRun\":true}"));
        JsonObject job = ended(api.json(api.post("/dead-letters/replay", ALL)));

        assertThat(preview.getLong("count")).isEqualTo(25);
        assertThat(job.getString("to")).isEqualTo("group");
        assertThat(job.getLong("replayed")).isEqualTo(25);
        assertThat(deadLetters.redelivered())
                .hasSize(25)
                .startsWith("k0 v3", "k0 v6", "k0 v9", "k0 v12", "k0 v15", "k0 v18", "k0 v21", "k0 v24", "k1 v1");
        assertThat(deadLetters.sent()).isEmpty();
        assertThat(fixture.strings("SELECT count(*) FROM inbox WHERE consumer = 'group'"))
                .containsExactly("25");
        assertThat(api.rows(api.get("/operator-actions?action=dead-letter.replay-matching"))
                        .getFirst()
                        .getJsonObject("details")
                        .getString("to"))
                .isEqualTo("group");
    }

    @Test
    void concurrent_instances_and_restarts_redeliver_each_dead_letter_once() {
        deadLetters.withSubscription().insert(1, 5_000, 50);
        JsonObject job = api.json(api.post("/dead-letters/replay", ALL));
        replays.stop();
        ReplayStore.ReplayView shown = await(ReplayStore.find(fixture.pool, UUID.fromString(job.getString("id"))))
                .orElseThrow();

        List<Future<ReplayStore.Step>> atOnce = IntStream.range(0, 4)
                .mapToObj(step -> ReplayStore.step(fixture.pool, shown, 1_000, 1_000, Duration.ofDays(7)))
                .toList();
        atOnce.forEach(Futures::await);
        instance().start();
        instance().start();

        assertThat(ended(job).getLong("replayed")).isEqualTo(5_000);
        assertThat(deadLetters.redelivered()).hasSize(5_000).doesNotHaveDuplicates();
        assertThat(deadLetters.open()).isEmpty();
    }

    @Test
    void dead_letters_of_an_inactive_group_are_rejected_and_may_go_to_the_topic() {
        deadLetters.insert(1, 2, 1);
        String one = "/dead-letters/" + deadLetters.id(1) + "/replay";

        HttpResponse<String> refused = api.post(one, "");
        JsonObject preview = api.json(api.post("/dead-letters/replay", "{\"all\":true,\"dryRun\":true}"));

        assertThat(refused.statusCode()).isEqualTo(409);
        assertThat(refused.body())
                .contains("consumer group group")
                .contains("greetings")
                .contains("to\\\":\\\"topic");
        assertThat(preview.getLong("count")).isZero();
        assertThat(preview.getLong("groupGone")).isEqualTo(2);
        assertThat(api.post("/dead-letters/replay", ALL).statusCode()).isEqualTo(409);
        assertThat(deadLetters.redelivered()).isEmpty();
        api.json(api.post(one, "{\"to\":\"topic\"}"));
        assertThat(deadLetters.sent()).containsExactly("k0 v1");
    }

    @Test
    void dead_letters_past_the_inbox_retention_are_redelivered_only_by_force() {
        deadLetters.withSubscription().insert(1, 2, 2);
        deadLetters.setMessageAge(1, "30 days");
        String one = "/dead-letters/" + deadLetters.id(1) + "/replay";

        HttpResponse<String> refused = api.post(one, "");

        assertThat(refused.statusCode()).isEqualTo(409);
        assertThat(refused.body()).contains("PT168H (INBOX_RETENTION)");
        assertThat(ended(api.json(api.post("/dead-letters/replay", ALL))).getLong("tooOld"))
                .isEqualTo(1);
        assertThat(deadLetters.redelivered()).containsExactly("k0 v2");
        api.json(api.post(one, "{\"force\":true,\"reason\":\"it was never handled\"}"));
        assertThat(deadLetters.redelivered()).containsExactly("k0 v2", "k1 v1");
        assertThat(fixture.strings("SELECT DISTINCT tableoid::regclass FROM inbox ORDER BY 1"))
                .hasSize(2);
    }

    @Test
    void a_redelivery_has_the_inbox_id_of_the_original_message() {
        MessageIds ids = new MessageIds(Duration.ofDays(7));
        for (String interval : List.of("-30 days", "-6 days", "-1 second", "1 day", "9 days")) {
            UUID id = UUID.fromString(fixture.strings("SELECT uuidv7(interval '" + interval + "')")
                    .getFirst());
            String inbox = fixture.strings("SELECT inbox_id('" + id + "', interval '7 days', 2)")
                    .getFirst();

            assertThat(inbox).isEqualTo(ids.clamp(id, java.time.Instant.now()).toString());
        }
    }

    @Test
    void the_number_of_running_jobs_is_limited() {
        deadLetters.withSubscription().insert(1, 50, 1);
        for (int i = 0; i < 5; i++) {
            api.json(api.post("/dead-letters/replay", "{\"all\":true,\"ratePerSecond\":1}"));
        }

        HttpResponse<String> refused = api.post("/dead-letters/replay", ALL);

        assertThat(refused.statusCode()).isEqualTo(409);
        assertThat(refused.body()).contains("/dead-letters/replays?state=running");
        assertThat(api.rows(api.get("/dead-letters/replays?state=running"))).hasSize(5);
    }

    private ReplayJobs instance() {
        ReplayJobs instance = new ReplayJobs(fixture.vertx, fixture.pool, Duration.ofDays(7), fixture.meters);
        instances.add(instance);
        return instance;
    }

    private JsonObject ended(JsonObject job) {
        String path = "/dead-letters/replays/" + job.getString("id");
        return await().atMost(Duration.ofSeconds(20))
                .until(
                        () -> api.json(api.get(path)),
                        now -> !now.getString("state").equals("running"));
    }
}
