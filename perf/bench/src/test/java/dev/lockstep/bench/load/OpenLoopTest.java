package dev.lockstep.bench.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class OpenLoopTest {
    private final List<Promise<Void>> started = new ArrayList<>();
    private long now = 1;

    @Test
    void operations_start_at_the_rate_however_long_they_take() {
        OpenLoop loop = loop(10);

        advance(loop, 250);

        // At 0, 100 and 200 ms.
        assertThat(started).hasSize(3);
    }

    @Test
    void a_latency_counts_from_the_time_at_which_the_operation_was_to_start() {
        OpenLoop loop = loop(10);
        advance(loop, 950);
        started.forEach(Promise::complete);
        advance(loop, 50);

        LoadResult result = loop.result().result();

        assertThat(result.completed()).isEqualTo(10);
        assertThat(result.latencies().getMaxValue()).isBetween(949_000L, 951_000L);
    }

    @Test
    void operations_beyond_the_limit_are_skipped_and_counted() {
        OpenLoop loop = loop(2);
        advance(loop, 1_000);
        started.forEach(Promise::complete);
        advance(loop, 1);

        LoadResult result = loop.result().result();

        assertThat(result.completed()).isEqualTo(2);
        assertThat(result.skipped()).isEqualTo(8);
    }

    @Test
    void operations_that_do_not_complete_count_as_failed() {
        OpenLoop loop = loop(10);
        advance(loop, 1_000);
        started.subList(0, 7).forEach(Promise::complete);
        advance(loop, 31_000);

        LoadResult result = loop.result().result();

        assertThat(result.completed()).isEqualTo(7);
        assertThat(result.failed()).isEqualTo(3);
    }

    private OpenLoop loop(int maxInFlight) {
        return new OpenLoop(10, maxInFlight, Duration.ofSeconds(1), intended -> start(), () -> now);
    }

    private Future<Void> start() {
        Promise<Void> promise = Promise.promise();
        started.add(promise);
        return promise.future();
    }

    private void advance(OpenLoop loop, long millis) {
        now += TimeUnit.MILLISECONDS.toNanos(millis);
        loop.tick();
    }
}
