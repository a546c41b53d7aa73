package dev.lockstep.testing;

import io.vertx.core.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** How a test waits for a Vert.x future: it blocks the test's thread, never longer than a limit. */
public final class Futures {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private Futures() {}

    /** Returns the result, or throws the failure itself, not wrapped. */
    public static <T> T await(Future<T> future) {
        return await(future, LIMIT);
    }

    public static <T> T await(Future<T> future, Duration limit) {
        try {
            return future.await(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException cause) {
            // The future may also have failed with such an exception.
            if (future.isComplete()) {
                return future.await();
            }
            throw new AssertionError("the future did not complete within " + limit, cause);
        }
    }
}
