package dev.lockstep.local;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/**
 * Tracks what each part of the stack waits for while it starts, and whether any part still makes progress.
 *
 * <p>Progress means that a part has started, or that it waits for something else than before; numbers in the text, such as seconds, are
 * ignored. A start may take many minutes on a busy machine. It continues while there is progress, up to a total limit.
 */
final class StartProgress {
    static final Duration NO_PROGRESS_TIMEOUT = Duration.ofMinutes(4);
    static final Duration TOTAL_TIMEOUT = Duration.ofMinutes(20);

    private final LongSupplier nanoClock;
    private final long begun;
    private final Map<String, String> waiting = new LinkedHashMap<>();
    private long lastProgress;

    StartProgress(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
        this.begun = nanoClock.getAsLong();
        this.lastProgress = begun;
    }

    /** Records what the part waits for. */
    synchronized void waitingFor(String part, String what) {
        String before = waiting.put(part, what);
        if (before == null || !withoutNumbers(before).equals(withoutNumbers(what))) {
            lastProgress = nanoClock.getAsLong();
        }
    }

    /** Records that the part has started. */
    synchronized void done(String part) {
        waiting.remove(part);
        lastProgress = nanoClock.getAsLong();
    }

    /** The parts that are starting, each with what it waits for. */
    synchronized Map<String, String> waiting() {
        return new LinkedHashMap<>(waiting);
    }

    /**
     * Why the start should be aborted, and what the parts wait for; empty while it may continue. The limits are {@link
     * #NO_PROGRESS_TIMEOUT} without progress and {@link #TOTAL_TIMEOUT} in total.
     */
    synchronized Optional<String> timeoutReason() {
        long now = nanoClock.getAsLong();
        if (now - lastProgress > NO_PROGRESS_TIMEOUT.toNanos()) {
            return Optional.of("no progress for " + minutes(NO_PROGRESS_TIMEOUT) + list());
        }
        if (now - begun > TOTAL_TIMEOUT.toNanos()) {
            return Optional.of("the start has taken more than " + minutes(TOTAL_TIMEOUT) + list());
        }
        return Optional.empty();
    }

    private String list() {
        return waiting.entrySet().stream()
                .map(part -> System.lineSeparator() + "  " + part.getKey() + " waits for: " + part.getValue())
                .collect(Collectors.joining());
    }

    private static String minutes(Duration duration) {
        return duration.toMinutes() + " minutes";
    }

    private static String withoutNumbers(String text) {
        return text.replaceAll("[0-9]+", "#");
    }
}
