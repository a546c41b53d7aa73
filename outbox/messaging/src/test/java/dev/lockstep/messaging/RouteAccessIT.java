package dev.lockstep.messaging;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.messaging.deadletter.DeadLetterRoutes;
import dev.lockstep.messaging.deadletter.ReplayJobs;
import dev.lockstep.messaging.delivery.DeliveryRoutes;
import dev.lockstep.messaging.http.OperatorRight;
import dev.lockstep.messaging.http.PayloadVisibility;
import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.http.RouteAccess;
import dev.lockstep.messaging.operator.OperatorActionRoutes;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.messaging.outbox.OutboxMessage;
import dev.lockstep.messaging.outbox.OutboxRoutes;
import dev.lockstep.messaging.resend.ResendJobs;
import dev.lockstep.messaging.resend.ResendRoutes;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The routes of the library with an application's own rights. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class RouteAccessIT {
    private static final String ORDER = "{\"userId\":\"u123\",\"items\":[{\"qty\":2,\"gift\":true},null]}";
    private static final String MASKED = "{\"userId\":\"***\",\"items\":[{\"qty\":\"***\",\"gift\":\"***\"},null]}";

    private static final String PARKED = """
            INSERT INTO parked_message (consumer, topic, partition, "offset", message_id, record_headers, record_time, attempts, error,
                                        next_attempt_at)
            VALUES ('group', 'orders', 0, 2, uuidv7(), '[]', now(), 1, 'java.lang.IllegalStateException: u123', now())
            """;
    private static final String INCIDENT = """
            INSERT INTO delivery_incident (consumer, message_id, topic, partition, "offset", event, attempt, error)
            VALUES ('group', uuidv7(), 'orders', 0, 3, 'DEAD', 5, 'SEQUENCE_GAP: u123')
            """;

    @RegisterExtension
    final Fixture fixture = new Fixture();

    private final List<String> routes = new ArrayList<>();
    private final ReplayJobs replays = new ReplayJobs(fixture.vertx, fixture.pool, Duration.ofDays(7), fixture.meters);
    private final DeadLetters deadLetters = new DeadLetters(fixture);
    private final TestApi api = new TestApi(fixture, this::mount);

    /** Callers name their rights and the visibility of values in the query. */
    private final class QueryAccess implements RouteAccess {
        @Override
        public void protect(Route route, OperatorRight right) {
            routes.add(right + " " + route.methods().iterator().next() + " " + route.getPath());
            route.handler(ctx -> {
                if (ctx.queryParam("right").contains(right.name())) {
                    ctx.next();
                } else {
                    ctx.fail(Problem.forbidden("The right " + right + " is required"));
                }
            });
        }

        @Override
        public PayloadVisibility payloads(RoutingContext ctx) {
            return PayloadVisibility.valueOf(ctx.request().getParam("payloads", "FULL"));
        }
    }

    private void mount(Router router) {
        RouteAccess access = new QueryAccess();
        OutboxRoutes.mount(router, access, fixture.reads);
        DeadLetterRoutes.mount(router, access, fixture.pool, fixture.reads, replays);
        DeliveryRoutes.mount(router, access, fixture.reads);
        OperatorActionRoutes.mount(router, access, fixture.reads);
        ResendRoutes.mount(
                router,
                access,
                fixture.pool,
                fixture.reads,
                new ResendJobs(fixture.vertx, fixture.pool),
                Duration.ofDays(7));
    }

    @AfterEach
    void close() {
        api.close();
        replays.stop();
    }

    @Test
    void every_route_has_a_right() {
        assertThat(routes)
                .containsExactlyInAnyOrder(
                        "READ GET /outbox",
                        "READ GET /outbox/summary",
                        "READ GET /outbox/:id",
                        "WRITE POST /outbox/resend",
                        "READ GET /outbox/resends",
                        "READ GET /outbox/resends/:id",
                        "WRITE POST /outbox/resends/:id/stop",
                        "READ GET /dead-letters",
                        "READ GET /dead-letters/groups",
                        "READ GET /dead-letters/:id",
                        "WRITE DELETE /dead-letters/:id",
                        "WRITE POST /dead-letters/replay",
                        "WRITE POST /dead-letters/:id/replay",
                        "READ GET /dead-letters/replays",
                        "READ GET /dead-letters/replays/:id",
                        "WRITE POST /dead-letters/replays/:id/stop",
                        "READ GET /inbox",
                        "READ GET /parked-messages",
                        "READ GET /delivery-incidents",
                        "READ GET /operator-actions");
    }

    @ParameterizedTest
    @EnumSource
    void a_right_does_not_include_the_other_one(OperatorRight right) {
        Set<Integer> refused = Set.of(403);
        for (String route : routes) {
            String path = route.split(" ")[2].replace(":id", "00000000-0000-0000-0000-000000000000");
            String query = path + "?right=" + right;
            int status = switch (route.split(" ")[1]) {
                case "GET" -> api.get(query).statusCode();
                case "POST" -> api.post(query, "{}").statusCode();
                default -> api.delete(query).statusCode();
            };
            boolean has = route.startsWith(right.name());
            assertThat(refused.contains(status)).as(route + " " + status).isEqualTo(!has);
        }
    }

    @Test
    void a_refused_request_is_answered_with_a_problem_and_changes_nothing() {
        deadLetters.insert(1, 1, 1);

        assertThat(api.post("/dead-letters/replay?right=READ", "{\"all\":true}")
                        .headers()
                        .firstValue("Content-Type"))
                .contains("application/problem+json");
        assertThat(deadLetters.open()).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            FULL   | {"userId":"u123","items":[{"qty":2,"gift":true},null]}         |
            MASKED | {"userId":"***","items":[{"qty":"***","gift":"***"},null]}     | masked
            NONE   |                                                                | none
            """)
    void the_payload_of_an_outbox_row_is_shown_as_far_as_the_caller_may_see_it(
            PayloadVisibility visibility, String expected, String label) {
        await(fixture.pool.withTransaction(tx ->
                new Outbox().append(tx, List.of(OutboxMessage.of("order", "o1", "orders", new Order("u123"), null)))));
        JsonObject listed =
                api.rows(api.get("/outbox?right=READ&payloads=" + visibility)).getFirst();
        JsonObject found =
                api.json(api.get("/outbox/" + listed.getString("id") + "?right=READ&payloads=" + visibility));

        for (JsonObject row : List.of(listed, found)) {
            assertThat(row.getString("payloads")).isEqualTo(label);
            assertThat(row.getString("aggregateId")).isEqualTo("o1");
            assertThat(row.getJsonObject("payload")).isEqualTo(expected == null ? null : new JsonObject(expected));
        }
    }

    record Order(String userId, List<Item> items) {
        Order(String userId) {
            this(userId, Arrays.asList(new Item(2, true), null));
        }
    }

    record Item(int qty, boolean gift) {}

    @Test
    void the_value_of_a_dead_letter_is_shown_as_far_as_the_caller_may_see_it() {
        insert(1, ORDER.getBytes(StandardCharsets.UTF_8));
        insert(2, "plain text".getBytes(StandardCharsets.UTF_8));
        insert(3, new byte[] {(byte) 0xff});

        assertThat(values("FULL")).containsExactly("/w==", "plain text", ORDER);
        assertThat(values("MASKED")).containsExactly("\"***\"", "\"***\"", MASKED);
        assertThat(values("NONE")).containsOnlyNulls();
        assertThat(api.rows(api.get("/dead-letters?right=READ&payloads=MASKED")))
                .allSatisfy(row -> assertThat(row.getString("payloads")).isEqualTo("masked"))
                .allSatisfy(row -> assertThat(row.containsKey("valueEncoding")).isFalse());
    }

    @Test
    void the_message_of_an_error_is_shown_to_callers_who_see_all_values_only() {
        ConsumerRecord<byte[], byte[]> record =
                new ConsumerRecord<>("orders", 0, 1, new byte[] {'k'}, ORDER.getBytes(StandardCharsets.UTF_8));
        deadLetters.insert(record, "u123 is unknown");
        await(fixture.pool.query(PARKED).execute());
        await(fixture.pool.query(INCIDENT).execute());

        assertThat(errors("FULL"))
                .containsExactly(
                        "u123 is unknown",
                        "u123 is unknown",
                        "java.lang.IllegalStateException: u123",
                        "SEQUENCE_GAP: u123");
        for (String visibility : List.of("MASKED", "NONE")) {
            assertThat(errors(visibility))
                    .containsExactly("***", "***", "java.lang.IllegalStateException: ***", "SEQUENCE_GAP: ***");
            assertThat(api.get("/dead-letters?right=READ&payloads=" + visibility)
                            .body())
                    .doesNotContain("u123");
        }
    }

    private List<String> errors(String visibility) {
        String query = "?right=READ&payloads=" + visibility;
        return List.of(
                only("/dead-letters" + query).getString("error"),
                only("/dead-letters/groups" + query).getString("sample"),
                only("/parked-messages" + query).getString("error"),
                only("/delivery-incidents" + query).getString("error"));
    }

    private JsonObject only(String path) {
        List<JsonObject> rows = api.rows(api.get(path));
        assertThat(rows).hasSize(1);
        return rows.getFirst();
    }

    private List<String> values(String visibility) {
        String query = "?right=READ&payloads=" + visibility;
        List<JsonObject> listed = api.rows(api.get("/dead-letters" + query));
        listed.forEach(row -> assertThat(api.json(api.get("/dead-letters/" + row.getString("id") + query))
                        .getString("value"))
                .isEqualTo(row.getString("value")));
        return listed.stream().map(row -> row.getString("value")).toList();
    }

    private void insert(long offset, byte[] value) {
        deadLetters.insert(new ConsumerRecord<>("orders", 0, offset, new byte[] {'k'}, value), "failed");
    }
}
