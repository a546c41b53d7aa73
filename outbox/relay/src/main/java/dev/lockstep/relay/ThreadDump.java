package dev.lockstep.relay;

import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What some threads are doing, short enough for a log line. */
final class ThreadDump {
    private static final int FRAMES = 6;
    private static final int THREADS = 12;

    private ThreadDump() {}

    /** Name, state and the innermost frames of each. */
    static String of(Stream<Thread> threads) {
        return threads.filter(Thread::isAlive)
                .limit(THREADS)
                .map(thread -> thread.getName() + " " + thread.getState() + " " + frames(thread))
                .collect(Collectors.joining("; "));
    }

    private static String frames(Thread thread) {
        return Arrays.stream(thread.getStackTrace())
                .filter(frame -> !frame.getClassName().startsWith("java.util.concurrent.")
                        && !frame.getClassName().startsWith("jdk.internal."))
                .limit(FRAMES)
                .map(frame -> frame.getClassName().replaceAll(".*\\.", "") + "." + frame.getMethodName() + ":"
                        + frame.getLineNumber())
                .collect(Collectors.joining(" < ", "[", "]"));
    }
}
