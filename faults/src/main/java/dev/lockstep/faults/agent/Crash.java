package dev.lockstep.faults.agent;

import io.vertx.core.Future;
import java.util.concurrent.atomic.AtomicInteger;
import net.bytebuddy.asm.Advice;
import org.jspecify.annotations.Nullable;

/** Ends the JVM the n-th time that the instrumented place is passed, as abruptly as {@code kill -9}: nothing is flushed, no hook runs. */
public final class Crash {
    /** The exit code, which nothing else has: so the suite knows that the point was reached. */
    public static final int EXIT_CODE = 86;

    private static final AtomicInteger REMAINING_PASSAGES = new AtomicInteger();

    private Crash() {}

    static void arm(int passage) {
        REMAINING_PASSAGES.set(passage);
    }

    /** Called from the code that is woven in, so it is public. */
    public static void countDown() {
        if (REMAINING_PASSAGES.decrementAndGet() == 0) {
            Runtime.getRuntime().halt(EXIT_CODE);
        }
    }

    /** The same once the future has completed well. Whoever was given the future does not hear of it before. */
    public static void countDownOnSuccess(@Nullable Object future) {
        if (future instanceof Future<?> vertx) {
            Future<?> _ = vertx.onSuccess(done -> countDown());
        }
    }

    /** Woven in at the beginning of a method. */
    static final class Before {
        private Before() {}

        @Advice.OnMethodEnter
        static void enter() {
            Crash.countDown();
        }
    }

    /** Woven in at the end of a method. */
    static final class After {
        private After() {}

        @Advice.OnMethodExit
        static void exit() {
            Crash.countDown();
        }
    }

    /** Woven in at the end of a method that returns a future. */
    static final class OnSuccess {
        private OnSuccess() {}

        @Advice.OnMethodExit
        static void exit(@Advice.Return Object future) {
            Crash.countDownOnSuccess(future);
        }
    }
}
