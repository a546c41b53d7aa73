package dev.lockstep.messaging;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.messaging.deadletter.DeadLetterRoutes;
import dev.lockstep.messaging.deadletter.ReplayJobs;
import dev.lockstep.messaging.http.BoundedReads;
import dev.lockstep.messaging.http.RouteAccess;
import io.vertx.pgclient.PgBuilder;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A request that holds a connection must not acquire a second one: if all requests did, the pool would deadlock. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class SingleConnectionPoolIT {
    @RegisterExtension
    final Fixture fixture = new Fixture();

    private final DeadLetters deadLetters = new DeadLetters(fixture);
    private Pool single;
    private TestApi api;

    @BeforeEach
    void open() {
        single = PgBuilder.pool()
                .connectingTo(fixture.connectOptions())
                .with(new PoolOptions()
                        .setMaxSize(1)
                        .setConnectionTimeout(1)
                        .setConnectionTimeoutUnit(TimeUnit.SECONDS))
                .using(fixture.vertx)
                .build();
        ReplayJobs replays = new ReplayJobs(fixture.vertx, single, Duration.ofDays(7), fixture.meters);
        api = new TestApi(
                fixture,
                router -> DeadLetterRoutes.mount(
                        router, RouteAccess.OPEN, single, BoundedReads.of(fixture.vertx, single), replays));
    }

    @AfterEach
    void close() {
        api.close();
        await(single.close());
    }

    @Test
    void a_missing_dead_letter_or_replay_is_a_404() {
        UUID none = UUID.randomUUID();

        assertThat(api.delete("/dead-letters/" + none + "?reason=x").statusCode())
                .isEqualTo(404);
        assertThat(api.post("/dead-letters/" + none + "/replay", "").statusCode())
                .isEqualTo(404);
        assertThat(api.post("/dead-letters/replays/" + none + "/stop", "{\"reason\":\"x\"}")
                        .statusCode())
                .isEqualTo(404);
    }

    @Test
    void a_settled_dead_letter_or_replay_is_a_409() {
        deadLetters.insert(1, 1, 1);
        UUID deadLetter = deadLetters.id(1);
        assertThat(api.delete("/dead-letters/" + deadLetter + "?reason=x").statusCode())
                .isEqualTo(204);
        String replay = api.json(api.post("/dead-letters/replay", "{\"all\":true,\"to\":\"topic\"}"))
                .getString("id");

        assertThat(api.delete("/dead-letters/" + deadLetter + "?reason=x").statusCode())
                .isEqualTo(409);
        assertThat(api.post("/dead-letters/" + deadLetter + "/replay", "").statusCode())
                .isEqualTo(409);
        assertThat(api.post("/dead-letters/replays/" + replay + "/stop", "{\"reason\":\"x\"}")
                        .statusCode())
                .isEqualTo(409);
    }
}
