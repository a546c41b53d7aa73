package dev.lockstep.local;

import dev.lockstep.messaging.record.PrintableText;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;

/** The progress output of {@code ./up}: one line per event. */
final class Console {
    private static final int MAX_LINE_LENGTH = 2_000;

    private final PrintStream out;

    Console(PrintStream out) {
        this.out = out;
    }

    /** Prints text of one or more lines. The lines may quote servers or settings, so each is made printable. */
    void line(String text) {
        if (text.isEmpty()) {
            out.println();
        }
        text.lines().map(each -> PrintableText.of(each, MAX_LINE_LENGTH)).forEach(out::println);
        out.flush();
    }

    /** Prints the state of one part of the stack. */
    void part(String name, String state) {
        line(String.format(Locale.ROOT, "  %-10s %s", name, state));
    }

    static String seconds(long sinceNanoTime) {
        double seconds = Duration.ofNanos(System.nanoTime() - sinceNanoTime).toMillis() / 1000.0;
        return String.format(Locale.ROOT, "%.1f s", seconds);
    }
}
