package dev.lockstep.bench.load;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.function.Supplier;
import org.HdrHistogram.Histogram;

/**
 * Keeps a number of operations in flight, which finds out how many of them can be completed in a second. Its latencies are not quoted: a
 * slow operation delays the start of the next one, and so hides how long the next one would have waited.
 */
public final class ClosedLoop {
    private final Context context;
    private final Supplier<? extends Future<?>> operation;
    private final Histogram latencies = LoadResult.newHistogram();
    private final Promise<LoadResult> ended = Promise.promise();
    private final long countFrom;
    private final long end;
    private int running;
    private long completed;
    private long failed;

    private ClosedLoop(Context context, Supplier<? extends Future<?>> operation, Duration warmUp, Duration counted) {
        this.context = context;
        this.operation = operation;
        this.countFrom = System.nanoTime() + warmUp.toNanos();
        this.end = countFrom + counted.toNanos();
    }

    /**
     * Runs operations on the context. Operations that complete during the warm-up are not counted.
     *
     * @param operation starts one operation; called on the context, and its future completes there
     * @return completes with the result when the last operation has completed
     */
    public static Future<LoadResult> run(
            Context context, int inFlight, Duration warmUp, Duration counted, Supplier<? extends Future<?>> operation) {
        ClosedLoop loop = new ClosedLoop(context, operation, warmUp, counted);
        context.runOnContext(start -> {
            loop.running = inFlight;
            for (int i = 0; i < inFlight; i++) {
                loop.next();
            }
        });
        return loop.ended.future();
    }

    private void next() {
        long begun = System.nanoTime();
        if (begun - end >= 0) {
            running--;
            if (running == 0) {
                ended.complete(new LoadResult(latencies, completed, failed, 0, (end - countFrom) / 1_000_000_000.0));
            }
            return;
        }
        operation.get().onComplete(outcome -> {
            long now = System.nanoTime();
            if (now - countFrom >= 0 && now - end < 0) {
                if (outcome.succeeded()) {
                    completed++;
                    LoadResult.record(latencies, now - begun);
                } else {
                    failed++;
                }
            }
            // Not called directly: an operation that completes at once would nest without end.
            context.runOnContext(again -> next());
        });
    }
}
