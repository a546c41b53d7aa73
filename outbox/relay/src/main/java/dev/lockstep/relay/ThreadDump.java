package dev.lockstep.relay;

import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Formats the stacks of some threads, short enough for a log line. */
final class ThreadDump {
    private static final int FRAMES = 6;
    private static final int THREADS = 12;

    private ThreadDump() {}

    /** Returns name, state and innermost frames of each thread that is alive. */
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
