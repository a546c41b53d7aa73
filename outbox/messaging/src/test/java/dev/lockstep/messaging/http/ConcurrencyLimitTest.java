package dev.lockstep.messaging.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class ConcurrencyLimitTest {
    private final Vertx vertx = Vertx.vertx();
    private final List<String> begun = Collections.synchronizedList(new ArrayList<>());

    @AfterEach
    void close() throws Exception {
        outcome(vertx.close());
    }

    @Test
    void no_more_runs_at_once_than_allowed_and_the_others_follow_in_their_order() throws Exception {
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

        assertThat(outcome(first)).isEqualTo("done");
        assertThat(outcome(third)).isEqualTo("done too");
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
    void work_that_waits_too_long_is_refused_and_never_started() throws Exception {
        ConcurrencyLimit limit = limit(1, 1, Duration.ofMillis(50));
        Promise<String> a = Promise.promise();
        Future<String> first = run(limit, "a", a);

        assertRefused(run(limit, "b", Promise.promise()));
        a.complete("done");
        outcome(first);

        Promise<String> c = Promise.promise();
        c.complete("done");
        assertThat(outcome(run(limit, "c", c))).isEqualTo("done");
        assertThat(begun).containsExactly("a", "c");
    }

    @Test
    void failed_work_releases_its_permit() throws Exception {
        ConcurrencyLimit limit = limit(1, 0, Duration.ofSeconds(1));

        assertThatThrownBy(() -> outcome(limit.run(() -> Future.failedFuture(new IllegalStateException("failed")))))
                .hasRootCauseMessage("failed");
        assertThatThrownBy(() -> outcome(limit.run(() -> {
                    throw new IllegalStateException("thrown");
                })))
                .hasRootCauseMessage("thrown");

        assertThat(outcome(limit.run(() -> Future.succeededFuture("done")))).isEqualTo("done");
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
        assertThatThrownBy(() -> outcome(future)).cause().isInstanceOfSatisfying(Problem.class, problem -> {
            assertThat(problem.status()).isEqualTo(503);
            assertThat(problem.retryAfter()).contains(Duration.ofSeconds(1));
            assertThat(problem.detail()).contains("reads").contains("(limit 1)");
        });
    }

    private static <T> T outcome(Future<T> future) throws InterruptedException, ExecutionException, TimeoutException {
        return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }
}
