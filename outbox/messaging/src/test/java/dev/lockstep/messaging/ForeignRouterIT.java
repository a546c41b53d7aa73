package dev.lockstep.messaging;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.messaging.deadletter.DeadLetterRoutes;
import dev.lockstep.messaging.deadletter.ReplayJobs;
import dev.lockstep.messaging.http.RouteAccess;
import dev.lockstep.messaging.resend.ResendJobs;
import dev.lockstep.messaging.resend.ResendRoutes;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpServer;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The routes on routers of an application, with and without handlers of its own. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class ForeignRouterIT {
    @RegisterExtension
    final Fixture fixture = new Fixture();

    private final HttpClient http = HttpClient.newHttpClient();
    private final DeadLetters deadLetters = new DeadLetters(fixture).withSubscription();
    private final ReplayJobs replays = new ReplayJobs(fixture.vertx, fixture.pool, Duration.ofDays(7), fixture.meters);

    @SuppressWarnings("NullAway.Init") // each test serves
    private HttpServer server;

    @BeforeEach
    void insertDeadLetters() {
        deadLetters.insert(1, 3, 1);
    }

    @AfterEach
    void close() {
        http.close();
        replays.stop();
        await(server.close());
    }

    @Test
    void on_a_router_without_any_handler_a_body_is_read_and_a_failure_is_a_problem() {
        serve(ctx -> ctx.next());

        HttpResponse<String> dryRun =
                post("/dead-letters/replay", "application/json", "{\"all\":true,\"dryRun\":true}");
        HttpResponse<String> empty = post("/dead-letters/replay", "application/json", "{\"dryRun\":true}");

        assertThat(dryRun.statusCode()).as(dryRun.body()).isEqualTo(200);
        assertThat(new JsonObject(dryRun.body()).getLong("count")).isEqualTo(3);
        assertThat(empty.statusCode()).isEqualTo(400);
        assertThat(empty.headers().firstValue("Content-Type")).contains("application/problem+json");
        assertThat(post("/dead-letters/replay", "application/json", "x".repeat(300_000))
                        .statusCode())
                .isEqualTo(413);
        assertThat(post("/outbox/resend", "application/json", "{}").statusCode())
                .isEqualTo(400);
        assertThat(deadLetters.open()).hasSize(3);
    }

    @Test
    void a_body_handler_on_the_router_changes_nothing() {
        serve(BodyHandler.create(false));

        assertThat(new JsonObject(post("/dead-letters/replay", "application/json", "{\"all\":true,\"dryRun\":true}")
                                .body())
                        .getLong("count"))
                .isEqualTo(3);
        assertThat(deadLetters.open()).hasSize(3);
    }

    @Test
    void a_body_already_consumed_by_another_handler_is_not_treated_as_empty() {
        serve(ctx -> ctx.request().body().onComplete(swallowed -> ctx.next()));

        assertThat(post("/dead-letters/replay", "application/json", "{\"all\":true,\"dryRun\":true}")
                        .statusCode())
                .isEqualTo(500);
        assertThat(post("/dead-letters/" + deadLetters.id(1) + "/replay", "application/json", "{\"to\":\"topic\"}")
                        .statusCode())
                .isEqualTo(500);
        assertThat(deadLetters.open()).hasSize(3);
    }

    @ParameterizedTest
    @CsvSource({
        "/dead-letters/replay,'{\"all\":true}'",
        "/dead-letters/replay,''",
        "/dead-letters/ID/replay,'{}'",
        "/dead-letters/ID/replay,''",
        "/outbox/resend,'{\"all\":true}'"
    })
    void a_request_that_is_not_json_is_rejected_with_or_without_a_body(String path, String body) {
        serve(ctx -> ctx.next());
        String whole = path.replace("ID", deadLetters.id(1).toString());

        assertThat(post(whole, "text/plain", body).statusCode()).isEqualTo(415);
        assertThat(post(whole, "application/x-www-form-urlencoded", body).statusCode())
                .isEqualTo(415);
        assertThat(deadLetters.open()).hasSize(3);
        assertThat(fixture.strings("SELECT id FROM operator_action")).isEmpty();
    }

    private void serve(Handler<RoutingContext> first) {
        Router router = Router.router(fixture.vertx);
        router.route().handler(first);
        DeadLetterRoutes.mount(router, RouteAccess.OPEN, fixture.pool, fixture.reads, replays);
        ResendRoutes.mount(
                router,
                RouteAccess.OPEN,
                fixture.pool,
                fixture.reads,
                new ResendJobs(fixture.vertx, fixture.pool),
                Duration.ofDays(7));
        server = await(fixture.vertx.createHttpServer().requestHandler(router).listen(0, "127.0.0.1"));
    }

    private HttpResponse<String> post(String path, String contentType, String body) {
        try {
            return http.send(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.actualPort() + path))
                            .POST(HttpRequest.BodyPublishers.ofString(body))
                            .header("Content-Type", contentType)
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
