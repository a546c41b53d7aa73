package dev.lockstep.messaging.http;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@DisplayNameGeneration(ReplaceUnderscores.class)
@ExtendWith(VertxExtension.class)
class ConcurrencyLimitTest {
    private final List<String> begun = Collections.synchronizedList(new ArrayList<>());
    private final Vertx vertx;

    ConcurrencyLimitTest(Vertx vertx) {
        this.vertx = vertx;
    }

    @Test
    void no_more_runs_at_once_than_allowed_and_the_others_follow_in_their_order() {
        ConcurrencyLimit limit = limit(2, 2, Duration.ofSeconds(30));
        Promise<String> a = Promise.promise();
        Promise<String> b = Promise.promise();
        Future<String> first = run(limit, "a", a);
        Future<String> second = run(limit, "b", b);
        Promise<String> c = Promise.promise();
        Future<String> third = run(limit, "c", c);
        Future<String> fourth = run(limit, "d", Promise.promise());

        assertThat(begun).containsExactly("a", "b");
        a.complete("done");
        c.complete("done too");

        assertThat(await(first)).isEqualTo("done");
        assertThat(await(third)).isEqualTo("done too");
        assertThat(begun).startsWith("a", "b", "c");
        assertThat(second.isComplete()).isFalse();
        assertThat(fourth.isComplete()).isFalse();
    }

    @Test
    void work_beyond_the_queue_limit_is_refused_with_retry_after() {
        ConcurrencyLimit limit = limit(1, 1, Duration.ofSeconds(30));
        run(limit, "a", Promise.promise());
        run(limit, "b", Promise.promise());

        assertRefused(run(limit, "c", Promise.promise()));
        assertThat(begun).containsExactly("a");
    }

    @Test
    void work_that_waits_too_long_is_refused_and_never_started() {
        ConcurrencyLimit limit = limit(1, 1, Duration.ofMillis(50));
        Promise<String> a = Promise.promise();
        Future<String> first = run(limit, "a", a);

        assertRefused(run(limit, "b", Promise.promise()));
        a.complete("done");
        await(first);

        Promise<String> c = Promise.promise();
        c.complete("done");
        assertThat(await(run(limit, "c", c))).isEqualTo("done");
        assertThat(begun).containsExactly("a", "c");
    }

    @Test
    void failed_work_releases_its_permit() {
        ConcurrencyLimit limit = limit(1, 0, Duration.ofSeconds(1));

        assertThatThrownBy(() -> await(limit.run(() -> Future.failedFuture(new IllegalStateException("failed")))))
                .hasMessage("failed");
        assertThatThrownBy(() -> await(limit.run(() -> {
                    throw new IllegalStateException("thrown");
                })))
                .hasMessage("thrown");

        assertThat(await(limit.run(() -> Future.succeededFuture("done")))).isEqualTo("done");
    }

    private ConcurrencyLimit limit(int running, int waiting, Duration longestWait) {
        return new ConcurrencyLimit(vertx, "reads", running, waiting, longestWait);
    }

    private Future<String> run(ConcurrencyLimit limit, String name, Promise<String> work) {
        return limit.run(() -> {
            begun.add(name);
            return work.future();
        });
    }

    private static void assertRefused(Future<String> future) {
        assertThatThrownBy(() -> await(future)).isInstanceOfSatisfying(Problem.class, problem -> {
            assertThat(problem.status()).isEqualTo(503);
            assertThat(problem.retryAfter()).contains(Duration.ofSeconds(1));
            assertThat(problem.detail()).contains("reads").contains("(limit 1)");
        });
    }
}
