package dev.lockstep.messaging.http;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Limits how much work of one class runs at a time, so that it cannot take all connections and CPU time from other classes. A limited
 * number of requests waits in order of arrival. A request beyond that number, or one that has waited too long, is refused with 503 and
 * {@code Retry-After}.
 *
 * <p>A slot is occupied until the future of the work completes, even if the client has disconnected, so a client that gives up and retries
 * cannot start additional work. Safe for use from several event loops.
 */
public final class ConcurrencyLimit {
    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

    private final Vertx vertx;
    private final String work;
    private final int maxRunning;
    private final int maxWaiting;
    private final Duration maxWait;

    // Guarded by this.
    private final Deque<Waiter<?>> waiting = new ArrayDeque<>();
    private int running;

    /**
     * @param work names the class of work in the refusal, as in {@code lists and counts}
     * @param maxRunning how many run at a time
     * @param maxWaiting how many more may wait
     * @param maxWait how long each of those waits at most
     */
    public ConcurrencyLimit(Vertx vertx, String work, int maxRunning, int maxWaiting, Duration maxWait) {
        if (maxRunning < 1 || maxWaiting < 0 || !maxWait.isPositive()) {
            throw new IllegalArgumentException("maxRunning must be at least 1, maxWaiting at least 0 and maxWait"
                    + " positive, but they were " + maxRunning + ", " + maxWaiting + " and " + maxWait);
        }
        this.vertx = vertx;
        this.work = work;
        this.maxRunning = maxRunning;
        this.maxWaiting = maxWaiting;
        this.maxWait = maxWait;
    }

    /**
     * Runs the work on the caller's context, as soon as the limit permits.
     *
     * @return completes with the result of the work; fails with its error, or with a {@link Problem} 503 if the work could not start in
     *     time
     */
    public <T extends @Nullable Object> Future<T> run(Supplier<Future<T>> supplier) {
        Waiter<T> waiter = new Waiter<>(vertx.getOrCreateContext(), supplier);
        synchronized (this) {
            if (running >= maxRunning) {
                if (waiting.size() >= maxWaiting) {
                    return Future.failedFuture(refusal());
                }
                waiting.addLast(waiter);
                waiter.timer = vertx.setTimer(maxWait.toMillis(), tick -> giveUp(waiter));
                return waiter.promise.future();
            }
            running++;
        }
        return started(supplier);
    }

    private <T extends @Nullable Object> Future<T> started(Supplier<Future<T>> supplier) {
        Future<T> begun;
        try {
            begun = supplier.get();
        } catch (RuntimeException thrown) {
            begun = Future.failedFuture(thrown);
        }
        return begun.onComplete(done -> next());
    }

    private void next() {
        Waiter<?> waiter;
        synchronized (this) {
            waiter = waiting.pollFirst();
            if (waiter == null) {
                running--;
                return;
            }
        }
        vertx.cancelTimer(waiter.timer);
        start(waiter);
    }

    private <T extends @Nullable Object> void start(Waiter<T> waiter) {
        waiter.context.runOnContext(free -> started(waiter.supplier).onComplete(waiter.promise::handle));
    }

    private void giveUp(Waiter<?> waiter) {
        boolean stillWaiting;
        synchronized (this) {
            stillWaiting = waiting.remove(waiter);
        }
        if (stillWaiting) {
            waiter.promise.tryFail(refusal());
        }
    }

    private Problem refusal() {
        return Problem.unavailable(
                "Too many concurrent " + work + " (limit " + maxRunning + "); retry later", RETRY_AFTER);
    }

    private static final class Waiter<T extends @Nullable Object> {
        private final Context context;
        private final Supplier<Future<T>> supplier;
        private final Promise<T> promise = Promise.promise();
        private volatile long timer;

        Waiter(Context context, Supplier<Future<T>> supplier) {
            this.context = context;
            this.supplier = supplier;
        }
    }
}
