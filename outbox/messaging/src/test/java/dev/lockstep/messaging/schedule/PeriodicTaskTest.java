package dev.lockstep.messaging.schedule;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@DisplayNameGeneration(ReplaceUnderscores.class)
@ExtendWith(VertxExtension.class)
class PeriodicTaskTest {
    @Test
    void a_failed_run_is_a_problem_and_the_next_run_follows(Vertx vertx) {
        Deque<Future<Boolean>> results = new ArrayDeque<>();
        Promise<Boolean> second = Promise.promise();
        results.add(Future.failedFuture("no database"));
        results.add(second.future());
        AtomicInteger runs = new AtomicInteger();
        PeriodicTask task = new PeriodicTask(vertx, "reading", Duration.ofMillis(1), () -> {
            runs.incrementAndGet();
            Future<Boolean> result = results.poll();
            return result == null ? Future.succeededFuture(false) : result;
        });

        assertThat(task.start().failed()).isTrue();
        assertThat(task.problem()).contains("reading failed: no database");
        second.complete(false);

        await().untilAsserted(() -> assertThat(runs).hasValueGreaterThan(2));
        assertThat(task.problem()).isEmpty();
        task.stop();
    }

    @Test
    void a_run_in_progress_when_the_task_stops_is_awaited_and_is_the_last(Vertx vertx) {
        Promise<Boolean> blocked = Promise.promise();
        AtomicInteger runs = new AtomicInteger();
        PeriodicTask task = new PeriodicTask(vertx, "reading", Duration.ofMillis(1), () -> {
            runs.incrementAndGet();
            return blocked.future();
        });
        task.startAfter(Duration.ZERO);
        await().untilAsserted(() -> assertThat(runs).hasValue(1));

        Future<Void> stopped = task.stop();

        assertThat(stopped.isComplete()).isFalse();
        blocked.complete(true);
        assertThat(stopped.succeeded()).isTrue();
        // A run that completes with true is otherwise followed by another one at once.
        await(vertx.timer(20, TimeUnit.MILLISECONDS));
        assertThat(runs).hasValue(1);
    }

    @Test
    void a_stop_does_not_wait_for_a_run_that_never_ends(Vertx vertx) {
        PeriodicTask task = new PeriodicTask(
                vertx,
                "reading",
                Duration.ofMillis(1),
                () -> Promise.<Boolean>promise().future());
        Future<Void> first = task.start();

        await(task.stop());

        assertThat(first.isComplete()).isFalse();
    }
}
