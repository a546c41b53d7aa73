package dev.lockstep.messaging;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.messaging.http.RouteAccess;
import dev.lockstep.messaging.operator.Operator;
import dev.lockstep.messaging.operator.OperatorActionRoutes;
import dev.lockstep.messaging.operator.OperatorActions;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
class OperatorActionsIT {
    private static final Operator KIM = new Operator("kim");

    @RegisterExtension
    final Fixture fixture = new Fixture();

    private final TestApi api =
            new TestApi(fixture, router -> OperatorActionRoutes.mount(router, RouteAccess.OPEN, fixture.reads));

    @AfterEach
    void close() {
        api.close();
    }

    @Test
    void an_action_is_recorded_with_who_when_what_and_why() {
        act(KIM, "dead-letter.discard", "one", "a typo");

        JsonObject recorded = api.rows(api.get("/operator-actions")).getFirst();

        assertThat(recorded.getString("who")).isEqualTo("kim");
        assertThat(recorded.getInstant("at")).isNotNull();
        assertThat(recorded.getString("action")).isEqualTo("dead-letter.discard");
        assertThat(recorded.getString("target")).isEqualTo("one");
        assertThat(recorded.getString("reason")).isEqualTo("a typo");
        assertThat(recorded.getJsonObject("details")).isEqualTo(new JsonObject().put("topic", "greetings"));
    }

    @Test
    void an_action_that_is_rolled_back_is_not_recorded() {
        Future<?> rolledBack = fixture.pool.withTransaction(
                tx -> OperatorActions.record(tx, KIM, "saga.retry", "one", null, new JsonObject())
                        .compose(recorded -> Future.failedFuture("it did not work")));

        assertThat(rolledBack.toCompletionStage().toCompletableFuture()).failsWithin(Duration.ofSeconds(30));
        assertThat(api.rows(api.get("/operator-actions"))).isEmpty();
    }

    @Test
    void actions_are_paged_newest_first_and_filtered() {
        act(KIM, "saga.retry", "one", null);
        act(new Operator("lee"), "saga.retry", "two", null);
        act(KIM, "saga.abandon", "two", null);

        JsonObject first = api.json(api.get("/operator-actions?limit=2"));
        JsonObject second = api.json(api.get("/operator-actions?limit=2&cursor=" + first.getString("nextCursor")));

        assertThat(first.getJsonArray("data")).hasSize(2);
        assertThat(second.getJsonArray("data")).hasSize(1);
        assertThat(second.containsKey("nextCursor")).isFalse();
        assertThat(targets("who=kim")).isEqualTo("two one");
        assertThat(targets("action=saga.retry")).isEqualTo("two one");
        assertThat(targets("target=two&who=lee")).isEqualTo("two");
        assertThat(api.field(api.get("/operator-actions?cursor=x"), 400)).isEqualTo("cursor");
    }

    private String targets(String query) {
        return String.join(
                " ",
                api.rows(api.get("/operator-actions?" + query)).stream()
                        .map(each -> each.getString("target"))
                        .toList());
    }

    private void act(Operator who, String action, String target, @Nullable String reason) {
        await(OperatorActions.record(
                fixture.pool, who, action, target, reason, new JsonObject().put("topic", "greetings")));
    }
}
