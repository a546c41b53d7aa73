package dev.lockstep.bench.load;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.HdrHistogram.Histogram;

/**
 * Starts operations at a given rate, however long they take. The latency of an operation is measured from the time at which it was to
 * start, so that a stall counts for all operations that were to start during it.
 */
public final class OpenLoop {
    private static final long TICK_MILLIS = 1;
    private static final long DRAIN_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final double perSecond;
    private final int maxInFlight;
    private final Function<Long, ? extends Future<?>> operation;
    private final LongSupplier nanoTime;
    private final Histogram latencies = LoadResult.newHistogram();
    private final Promise<LoadResult> ended = Promise.promise();
    private final long begin;
    private final long total;
    private long issued;
    private long completed;
    private long failed;
    private long skipped;
    private int inFlight;

    OpenLoop(
            double perSecond,
            int maxInFlight,
            Duration duration,
            Function<Long, ? extends Future<?>> operation,
            LongSupplier nanoTime) {
        this.perSecond = perSecond;
        this.maxInFlight = maxInFlight;
        this.operation = operation;
        this.nanoTime = nanoTime;
        this.begin = nanoTime.getAsLong();
        this.total = Math.round(perSecond * duration.toNanos() / TimeUnit.SECONDS.toNanos(1));
    }

    /**
     * Runs operations on the context.
     *
     * @param maxInFlight how many operations may be in flight; an operation beyond that is skipped and counted
     * @param operation starts one operation, and gets the {@link System#nanoTime()} at which it was to start. Called on the context; its
     *     future completes there
     * @return completes with the result when the last operation has completed, or 30 s after the last one was started. Operations that have
     *     not completed by then count as failed
     */
    public static Future<LoadResult> run(
            Context context,
            double perSecond,
            int maxInFlight,
            Duration duration,
            Function<Long, ? extends Future<?>> operation) {
        Promise<LoadResult> result = Promise.promise();
        context.runOnContext(start -> {
            OpenLoop loop = new OpenLoop(perSecond, maxInFlight, duration, operation, System::nanoTime);
            long timer = context.owner().setPeriodic(TICK_MILLIS, tick -> loop.tick());
            loop.ended
                    .future()
                    .onComplete(done -> context.owner().cancelTimer(timer))
                    .onComplete(result);
        });
        return result.future();
    }

    Future<LoadResult> result() {
        return ended.future();
    }

    /** Starts all operations that are due. */
    void tick() {
        long now = nanoTime.getAsLong();
        while (issued < total && startOf(issued) - now <= 0) {
            start(startOf(issued));
            issued++;
        }
        boolean over = issued == total && (inFlight == 0 || now - startOf(total) > DRAIN_NANOS);
        if (over) {
            ended.tryComplete(new LoadResult(latencies, completed, failed + inFlight, skipped, total / perSecond));
        }
    }

    private long startOf(long number) {
        return begin + Math.round(number * TimeUnit.SECONDS.toNanos(1) / perSecond);
    }

    private void start(long intended) {
        if (inFlight >= maxInFlight) {
            skipped++;
            return;
        }
        inFlight++;
        operation.apply(intended).onComplete(outcome -> {
            inFlight--;
            if (outcome.succeeded()) {
                completed++;
                LoadResult.record(latencies, nanoTime.getAsLong() - intended);
            } else {
                failed++;
            }
        });
    }
}
