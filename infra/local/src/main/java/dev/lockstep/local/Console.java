package dev.lockstep.local;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;

/** What {@code ./up} shows while it starts and stops: one line for each thing that happened. */
final class Console {
    private final PrintStream out;

    Console(PrintStream out) {
        this.out = out;
    }

    void line(String text) {
        out.println(text);
        out.flush();
    }

    /** One part of the stack and how it is. */
    void part(String name, String state) {
        line(String.format(Locale.ROOT, "  %-10s %s", name, state));
    }

    static String seconds(long sinceNanoTime) {
        double seconds = Duration.ofNanos(System.nanoTime() - sinceNanoTime).toMillis() / 1000.0;
        return String.format(Locale.ROOT, "%.1f s", seconds);
    }
}
