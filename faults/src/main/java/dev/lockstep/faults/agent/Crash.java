package dev.lockstep.faults.agent;

import io.vertx.core.Future;
import java.util.concurrent.atomic.AtomicInteger;
import net.bytebuddy.asm.Advice;
import org.jspecify.annotations.Nullable;

/**
 * Halts the JVM at the n-th execution of the instrumented method, as abruptly as {@code kill -9}: nothing is flushed and no shutdown hook
 * runs.
 */
public final class Crash {
    /** The exit code. No other exit uses it, so it proves to the suite that the point was reached. */
    public static final int EXIT_CODE = 86;

    private static final AtomicInteger REMAINING_PASSAGES = new AtomicInteger();

    private Crash() {}

    static void arm(int passage) {
        REMAINING_PASSAGES.set(passage);
    }

    /** Public because instrumented code calls it. */
    public static void countDown() {
        if (REMAINING_PASSAGES.decrementAndGet() == 0) {
            Runtime.getRuntime().halt(EXIT_CODE);
        }
    }

    /**
     * Counts down once the future has succeeded, before any handler that the method's caller registers. Public because instrumented code
     * calls it.
     */
    public static void countDownOnSuccess(@Nullable Object future) {
        if (future instanceof Future<?> vertx) {
            Future<?> _ = vertx.onSuccess(done -> countDown());
        }
    }

    /** Instruments the beginning of a method. */
    static final class Before {
        private Before() {}

        @Advice.OnMethodEnter
        static void enter() {
            Crash.countDown();
        }
    }

    /** Instruments the end of a method. */
    static final class After {
        private After() {}

        @Advice.OnMethodExit
        static void exit() {
            Crash.countDown();
        }
    }

    /** Instruments the end of a method that returns a future. */
    static final class OnSuccess {
        private OnSuccess() {}

        @Advice.OnMethodExit
        static void exit(@Advice.Return Object future) {
            Crash.countDownOnSuccess(future);
        }
    }
}
