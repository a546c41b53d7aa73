package dev.lockstep.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Context;
import io.vertx.core.Deployable;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class StoppedOnFailureTest {
    private static final Vertx VERTX = Vertx.vertx();
    private final IllegalStateException refused = new IllegalStateException("no database");

    private final Context context = VERTX.getOrCreateContext();

    @AfterAll
    static void close() {
        VERTX.close();
    }

    /** A verticle with a given outcome of its start and stop. */
    private static final class FakeVerticle implements Deployable {
        private final Supplier<Future<?>> start;
        private final Supplier<Future<?>> stop;
        private int stops;

        FakeVerticle(Supplier<Future<?>> start, Supplier<Future<?>> stop) {
            this.start = start;
            this.stop = stop;
        }

        @Override
        public Future<?> deploy(Context context) {
            return start.get();
        }

        @Override
        public Future<?> undeploy(Context context) {
            stops++;
            return stop.get();
        }
    }

    @Test
    void a_verticle_that_starts_is_not_stopped() {
        // Given
        FakeVerticle verticle = new FakeVerticle(Future::succeededFuture, Future::succeededFuture);

        // When
        Future<?> started = new StoppedOnFailure(verticle).deploy(context);

        // Then
        assertThat(started.succeeded()).isTrue();
        assertThat(verticle.stops).isZero();
    }

    @Test
    void a_verticle_whose_start_fails_is_stopped() {
        // Given
        FakeVerticle verticle = new FakeVerticle(() -> Future.failedFuture(refused), Future::succeededFuture);

        // When
        Future<?> started = new StoppedOnFailure(verticle).deploy(context);

        // Then
        assertThat(started.cause()).isSameAs(refused);
        assertThat(verticle.stops).isOne();
    }

    @Test
    void a_verticle_whose_start_throws_is_stopped() {
        // Given
        FakeVerticle verticle = new FakeVerticle(
                () -> {
                    throw refused;
                },
                Future::succeededFuture);

        // When
        Future<?> started = new StoppedOnFailure(verticle).deploy(context);

        // Then
        assertThat(started.cause()).isSameAs(refused);
        assertThat(verticle.stops).isOne();
    }

    @Test
    void the_reason_of_a_failed_start_is_reported_even_if_the_stop_fails_too() {
        // Given
        FakeVerticle verticle = new FakeVerticle(
                () -> Future.failedFuture(refused), () -> Future.failedFuture(new IllegalStateException("still busy")));

        // When
        Future<?> started = new StoppedOnFailure(verticle).deploy(context);

        // Then
        assertThat(started.cause()).isSameAs(refused);
    }
}
