package dev.lockstep.messaging;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.messaging.deadletter.DeadLetterRoutes;
import dev.lockstep.messaging.deadletter.ReplayJobs;
import dev.lockstep.messaging.http.RouteAccess;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.messaging.outbox.OutboxMessage;
import dev.lockstep.messaging.outbox.OutboxRoutes;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class RoutesIT {
    @RegisterExtension
    final Fixture fixture = new Fixture();

    private final TestApi api = new TestApi(fixture, router -> {
        OutboxRoutes.mount(router, RouteAccess.OPEN, fixture.reads);
        DeadLetterRoutes.mount(
                router,
                RouteAccess.OPEN,
                fixture.pool,
                fixture.reads,
                new ReplayJobs(fixture.vertx, fixture.pool, Duration.ofDays(7), fixture.meters));
    });

    @AfterEach
    void close() {
        api.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/outbox", "/dead-letters", "/dead-letters/groups", "/dead-letters/replays"})
    void a_list_names_all_invalid_parameters_at_once(String path) {
        assertThat(api.fields(api.get(path + "?state=lost&limit=0&cursor=x"), 400))
                .containsExactlyInAnyOrder("state", "limit", "cursor");
    }

    @Nested
    class the_outbox {
        @Test
        void is_empty_at_first() {
            assertThat(api.get("/outbox").body()).isEqualTo("{\"data\":[]}");
            assertThat(api.json(api.get("/outbox/summary")).getLong("pending")).isZero();
        }

        @Test
        void is_paged_newest_first_and_filtered() {
            append(IntStream.range(0, 5).mapToObj(i -> "k" + i).toList());

            JsonObject first = api.json(api.get("/outbox?limit=2"));
            assertThat(keys(first)).containsExactly("k4", "k3");
            JsonObject second = api.json(api.get("/outbox?limit=3&cursor=" + first.getString("nextCursor")));
            assertThat(keys(second)).containsExactly("k2", "k1", "k0");
            assertThat(second.containsKey("nextCursor")).isFalse();
            assertThat(keys(api.json(api.get("/outbox?aggregateId=k3")))).containsExactly("k3");
            assertThat(keys(api.json(api.get("/outbox?type=Goodbye")))).isEmpty();
            assertThat(keys(api.json(api.get("/outbox?state=relayed")))).isEmpty();
            assertThat(keys(api.json(api.get("/outbox?state=pending")))).hasSize(5);
            assertThat(api.json(api.get("/outbox/summary")).getLong("pending")).isEqualTo(5);
        }

        @Test
        void shows_a_row_as_it_is() {
            append(List.of("ann"));
            JsonObject row = rows(api.json(api.get("/outbox"))).getJsonObject(0);

            assertThat(api.json(api.get("/outbox/" + row.getString("id")))).isEqualTo(row);
            assertThat(row.getJsonObject("payload")).isEqualTo(new JsonObject().put("name", "ann"));
            assertThat(row.getString("state")).isEqualTo("pending");
            assertThat(row.getString("topic")).isEqualTo("greetings");
        }

        @Test
        void shows_large_payloads_only_one_at_a_time() {
            String fits = insert(4096);
            String large = insert(4097);

            for (String state : List.of("", "?state=pending")) {
                JsonArray listed = rows(api.json(api.get("/outbox" + state)));
                assertThat(listed.getJsonObject(0).getString("id")).isEqualTo(large);
                assertThat(listed.getJsonObject(0).containsKey("payload")).isFalse();
                assertThat(listed.getJsonObject(1).getString("id")).isEqualTo(fits);
                assertThat(listed.getJsonObject(1).getString("payload")).hasSize(4096);
            }
            assertThat(api.json(api.get("/outbox/" + large)).getString("payload"))
                    .hasSize(4097);
        }

        @Test
        void shows_an_empty_payload_as_an_empty_text() {
            String empty = insert(0);

            assertThat(rows(api.json(api.get("/outbox"))).getJsonObject(0).getString("payload"))
                    .isEmpty();
            assertThat(api.json(api.get("/outbox/" + empty)).getString("payload"))
                    .isEmpty();
        }

        @Test
        void says_which_parameter_is_wrong() {
            assertThat(api.field(api.get("/outbox?state=lost"), 400)).isEqualTo("state");
            assertThat(api.field(api.get("/outbox?limit=0"), 400)).isEqualTo("limit");
            assertThat(api.field(api.get("/outbox?cursor=x"), 400)).isEqualTo("cursor");
            assertThat(api.get("/outbox/x").statusCode()).isEqualTo(404);
            assertThat(api.get("/outbox/0199a4b0-0000-7000-8000-000000000000").statusCode())
                    .isEqualTo(404);
        }

        private String insert(int length) {
            return fixture.strings("INSERT INTO outbox (aggregatetype, type, topic, payload)"
                            + " VALUES ('greeting', 'Hello', 'greetings', repeat('x', " + length
                            + ")::bytea) RETURNING id")
                    .getFirst();
        }

        private void append(List<String> keys) {
            await(fixture.pool.withTransaction(tx -> new Outbox()
                    .append(
                            tx,
                            keys.stream()
                                    .map(key -> OutboxMessage.of(
                                            "greeting", key, "greetings", new Fixture.Hello(key), null))
                                    .toList())));
        }

        private List<String> keys(JsonObject page) {
            return rows(page).stream()
                    .map(row -> ((JsonObject) row).getString("aggregateId"))
                    .toList();
        }
    }

    @Nested
    class dead_letters {
        @BeforeEach
        void sendInvalidRecords() {
            fixture.createTopic(1);
            fixture.send("k", "Hello", "nonsense", "bad-1");
            fixture.send("k", "Hello", "{\"name\":\"\"}", "bad-2");
            fixture.send("k", "Shout", "{}", "bad-3");
            fixture.consume(Fixture.greeter());
            await().untilAsserted(() ->
                    assertThat(fixture.strings("SELECT id FROM dead_letter")).hasSize(3));
        }

        @Test
        void are_shown_with_where_they_came_from_and_why() {
            JsonArray deadLetters = rows(api.json(api.get("/dead-letters?reason=NOT_JSON")));
            JsonObject deadLetter = api.json(
                    api.get("/dead-letters/" + deadLetters.getJsonObject(0).getString("id")));

            assertThat(deadLetters).hasSize(1);
            assertThat(deadLetter.getString("topic")).isEqualTo(fixture.topic);
            assertThat(deadLetter.getInteger("partition")).isZero();
            assertThat(deadLetter.getLong("offset")).isZero();
            assertThat(deadLetter.getString("key")).isEqualTo("k");
            assertThat(deadLetter.getString("type")).isEqualTo("Hello");
            assertThat(deadLetter.getString("value")).isEqualTo("nonsense");
            assertThat(deadLetter.getString("error")).startsWith("the value is not JSON");
            assertThat(deadLetter.getInteger("attempts")).isOne();
            assertThat(deadLetter.getString("errorClass"))
                    .isEqualTo("dev.lockstep.messaging.failure.UnprocessableMessageException");
            assertThat(deadLetter.getString("fingerprint")).matches("[0-9a-f]{16}");
            assertThat(deadLetter.getString("stack")).contains("the value is not JSON");
            assertThat(deadLetters.getJsonObject(0).containsKey("stack")).isFalse();
            assertThat(deadLetter.getJsonObject("headers").getString("ce_id")).isEqualTo("bad-1");
        }

        @Test
        void are_sent_to_the_dlq_with_headers_that_say_why() {
            assertThat(header(outboxRow("bad-2"), "dlq_reason")).isEqualTo("INVALID");
            assertThat(header(outboxRow("bad-2"), "dlq_topic")).isEqualTo(fixture.topic);
            assertThat(header(outboxRow("bad-2"), "dlq_offset")).isEqualTo("1");
            assertThat(header(outboxRow("bad-2"), "dlq_fingerprint")).matches("[0-9a-f]{16}");
            assertThat(header(outboxRow("bad-2"), "dlq_error_class"))
                    .isEqualTo("dev.lockstep.messaging.failure.UnprocessableMessageException");
            assertThat(header(outboxRow("bad-2"), "ce_type")).isEqualTo("Hello");
        }

        @Test
        void are_sent_to_their_topic_again_as_they_were_and_only_once_when_asked_for() {
            String id = rows(api.json(api.get("/dead-letters?reason=UNKNOWN_TYPE")))
                    .getJsonObject(0)
                    .getString("id");

            assertThat(api.json(api.post("/dead-letters/" + id + "/replay", "{\"to\":\"topic\"}"))
                            .getString("state"))
                    .isEqualTo("replayed");
            assertThat(api.post("/dead-letters/" + id + "/replay", "").statusCode())
                    .isEqualTo(409);
            assertThat(fixture.strings(
                            "SELECT aggregateid || ' ' || type || ' ' || convert_from(payload, 'UTF8') FROM outbox"
                                    + " WHERE topic = '" + fixture.topic + "'"))
                    .containsExactly("k Shout {}");
            assertThat(rows(api.json(api.get("/dead-letters")))).hasSize(2);
            assertThat(rows(api.json(api.get("/dead-letters?state=replayed")))).hasSize(1);
        }

        @Test
        void are_found_by_key_state_and_error_class() {
            String id = rows(api.json(api.get("/dead-letters?reason=NOT_JSON")))
                    .getJsonObject(0)
                    .getString("id");
            api.delete("/dead-letters/" + id + "?reason=nonsense");

            assertThat(rows(api.json(api.get("/dead-letters?key=k")))).hasSize(2);
            assertThat(rows(api.json(api.get("/dead-letters?key=k&state=any")))).hasSize(3);
            assertThat(rows(api.json(api.get("/dead-letters?key=other&state=any"))))
                    .isEmpty();
            assertThat(rows(api.json(api.get("/dead-letters?state=discarded")))).hasSize(1);
            assertThat(rows(api.json(api.get("/dead-letters?state=any&topic=" + fixture.topic + "&type=Hello"))))
                    .hasSize(2);
            assertThat(rows(api.json(api.get(
                            "/dead-letters?errorClass=dev.lockstep.messaging.failure.UnprocessableMessageException"))))
                    .hasSize(2);
            String fingerprint = api.json(api.get("/dead-letters/" + id)).getString("fingerprint");
            assertThat(rows(api.json(api.get("/dead-letters?state=any&fingerprint=" + fingerprint))))
                    .hasSize(1);
            assertThat(api.field(api.get("/dead-letters?state=lost"), 400)).isEqualTo("state");
        }

        @Test
        void are_grouped_by_how_they_failed_newest_first() {
            fixture.send("k", "Hello", "more nonsense", "bad-4");
            await().untilAsserted(() ->
                    assertThat(fixture.strings("SELECT id FROM dead_letter")).hasSize(4));

            JsonArray groups = rows(api.json(api.get("/dead-letters/groups")));
            JsonObject first = api.json(api.get("/dead-letters/groups?limit=2"));
            JsonObject second =
                    api.json(api.get("/dead-letters/groups?limit=2&cursor=" + first.getString("nextCursor")));

            assertThat(groups.stream()
                            .map(JsonObject.class::cast)
                            .map(group -> group.getString("reason") + " " + group.getLong("count")))
                    .containsExactly("NOT_JSON 2", "UNKNOWN_TYPE 1", "INVALID 1");
            assertThat(groups.getJsonObject(0).getString("sample")).contains("more");
            assertThat(groups.getJsonObject(0).getInstant("firstAt"))
                    .isBefore(groups.getJsonObject(0).getInstant("lastAt"));
            assertThat(rows(first)).hasSize(2);
            assertThat(rows(second)).hasSize(1);
            assertThat(second.containsKey("nextCursor")).isFalse();
            assertThat(rows(api.json(api.get("/dead-letters/groups?state=replayed"))))
                    .isEmpty();
            assertThat(rows(api.json(api.get("/dead-letters/groups?state=any"))))
                    .hasSize(3);
        }

        @Test
        void are_replayed_together_by_filter() {
            JsonObject some = api.json(api.post("/dead-letters/replay", "{\"type\":\"Hello\",\"to\":\"topic\"}"));
            JsonObject rest = api.json(api.post("/dead-letters/replay", "{\"all\":true,\"to\":\"topic\"}"));

            assertThat(some.getInteger("replayed")).isEqualTo(2);
            assertThat(some.getInteger("remaining")).isZero();
            assertThat(rest.getInteger("replayed")).isOne();
        }

        @Test
        void are_discarded_with_a_reason_and_kept_for_the_record() {
            String id =
                    rows(api.json(api.get("/dead-letters"))).getJsonObject(0).getString("id");

            assertThat(api.delete("/dead-letters/" + id + "?reason=test%20data").statusCode())
                    .isEqualTo(204);

            assertThat(rows(api.json(api.get("/dead-letters")))).hasSize(2);
            assertThat(api.json(api.get("/dead-letters/" + id)).getString("discardReason"))
                    .isEqualTo("test data");
            assertThat(api.post("/dead-letters/" + id + "/replay", "").statusCode())
                    .isEqualTo(409);
        }

        @ParameterizedTest
        @MethodSource("dev.lockstep.messaging.RoutesIT#noReasons")
        void are_not_discarded_without_a_reason(String query) {
            String id =
                    rows(api.json(api.get("/dead-letters"))).getJsonObject(0).getString("id");

            assertThat(api.field(api.delete("/dead-letters/" + id + query), 400))
                    .isEqualTo("reason");
            assertThat(api.json(api.get("/dead-letters/" + id)).getString("state"))
                    .isEqualTo("open");
        }

        @Test
        void with_a_binary_key_cannot_go_to_the_topic_and_block_no_other_replay() {
            fixture.send(new ProducerRecord<>(fixture.topic, new byte[] {(byte) 0xff}, new byte[] {1}));
            await().untilAsserted(() ->
                    assertThat(fixture.strings("SELECT id FROM dead_letter")).hasSize(4));
            String id = rows(api.json(api.get("/dead-letters?reason=MISSING_TYPE")))
                    .getJsonObject(0)
                    .getString("id");

            assertThat(api.post("/dead-letters/" + id + "/replay", "{\"to\":\"topic\"}")
                            .statusCode())
                    .isEqualTo(409);
            JsonObject job = api.json(api.post("/dead-letters/replay", "{\"all\":true,\"to\":\"topic\"}"));
            assertThat(job.getInteger("replayed")).isEqualTo(3);
            assertThat(job.getInteger("remaining")).isZero();
            assertThat(job.getInteger("keyNotText")).isOne();
        }

        @Test
        void that_do_not_exist_are_not_found_and_bad_filters_are_named() {
            assertThat(api.get("/dead-letters/0199a4b0-0000-7000-8000-000000000000")
                            .statusCode())
                    .isEqualTo(404);
            assertThat(api.field(api.get("/dead-letters?state=gone"), 400)).isEqualTo("state");
            assertThat(api.field(api.post("/dead-letters/replay", "{\"tpoic\":\"x\"}"), 400))
                    .isEqualTo("tpoic");
        }

        private JsonArray outboxRow(String ceId) {
            return fixture.strings("SELECT headers FROM outbox").stream()
                    .map(JsonArray::new)
                    .filter(headers -> header(headers, "ce_id").equals(ceId))
                    .findAny()
                    .orElseThrow();
        }

        private String header(JsonArray headers, String name) {
            return headers.stream()
                    .map(JsonArray.class::cast)
                    .filter(pair -> pair.getString(0).equals(name))
                    .map(pair -> new String(Base64.getDecoder().decode(pair.getString(1)), StandardCharsets.UTF_8))
                    .findAny()
                    .orElse("");
        }
    }

    private static List<String> noReasons() {
        return List.of("", "?reason=", "?reason=%20%20", "?reason=" + "x".repeat(1001));
    }

    private static JsonArray rows(JsonObject page) {
        return page.getJsonArray("data");
    }
}
