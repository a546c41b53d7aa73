package dev.lockstep.runtime;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Passes a bounded number of log events of one kind per time window and counts the others, so that a failure that repeats is logged and
 * does not fill the log. A kind is a logger with a message template. Each logger has a limit as well, because libraries put values into
 * their templates. Events below INFO are not limited, because they are only logged if an operator has enabled them.
 */
final class LogRateLimiter {
    private static final int MAX_TEMPLATE_LENGTH = 200;

    private final int maxPerTemplate;
    private final int maxPerLogger;
    private final long windowMillis;
    private final Runnable onFirstSuppressed;
    private final Map<Kind, Count> kinds = new HashMap<>();

    @SuppressWarnings("ThreadLocalUsage") // one instance per logger context, so equivalent to a static field
    private final ThreadLocal<Answer> lastAnswer = new ThreadLocal<>();

    private long since;
    private boolean endIsDue;

    /**
     * @param onFirstSuppressed runs when the first event of a window is suppressed; must arrange a call of {@link #endWindow} at the end of
     *     the window
     */
    LogRateLimiter(int maxPerTemplate, int maxPerLogger, long windowMillis, Runnable onFirstSuppressed) {
        this.maxPerTemplate = maxPerTemplate;
        this.maxPerLogger = maxPerLogger;
        this.windowMillis = windowMillis;
        this.onFirstSuppressed = onFirstSuppressed;
    }

    /** The template is null for the logger as a whole. Errors have separate limits that other levels do not use up. */
    private record Kind(
            String logger, boolean error, @Nullable String template) {}

    private record Answer(ILoggingEvent event, boolean admitted) {}

    private static final class Count {
        private int passed;
        private long suppressed;

        boolean tryAcquire(int most) {
            if (passed >= most) {
                suppressed++;
                return false;
            }
            passed++;
            return true;
        }
    }

    /**
     * Events that were suppressed.
     *
     * @param template their message template, or null if the logger had reached its total limit
     */
    record SuppressedEvents(String logger, @Nullable String template, long events) {}

    /** Whether to log the event. Each appender asks for the same event in turn, and all get the same answer. */
    boolean isAllowed(ILoggingEvent event) {
        if (!event.getLevel().isGreaterOrEqual(Level.INFO)) {
            return true;
        }
        Answer last = lastAnswer.get();
        if (last != null && sameEvent(last.event(), event)) {
            return last.admitted();
        }
        boolean admitted = tryAcquire(event);
        lastAnswer.set(new Answer(event, admitted));
        return admitted;
    }

    @SuppressWarnings("ReferenceEquality") // equal events are still distinct events
    private static boolean sameEvent(ILoggingEvent one, ILoggingEvent other) {
        return one == other;
    }

    private boolean tryAcquire(ILoggingEvent event) {
        boolean first;
        synchronized (this) {
            rollWindow(event.getTimeStamp());
            String template = String.valueOf(event.getMessage());
            boolean error = event.getLevel().isGreaterOrEqual(Level.ERROR);
            Kind kind = new Kind(
                    event.getLoggerName(),
                    error,
                    template.substring(0, Math.min(template.length(), MAX_TEMPLATE_LENGTH)));
            // The limit per logger also bounds the number of its kinds, and therefore the size of this map.
            if (kinds.computeIfAbsent(kind, unseen -> new Count()).tryAcquire(maxPerTemplate)) {
                if (kinds.computeIfAbsent(new Kind(event.getLoggerName(), error, null), unseen -> new Count())
                        .tryAcquire(maxPerLogger)) {
                    return true;
                }
                kinds.remove(kind);
            }
            first = !endIsDue;
            endIsDue = true;
        }
        if (first) {
            onFirstSuppressed.run();
        }
        return false;
    }

    // After a suppressed event, the window is ended by the receiver of onFirstSuppressed. If that is late, the window
    // is discarded after three times its length: the count is lost, but logging continues.
    private void rollWindow(long now) {
        if (now < since || now - since >= (endIsDue ? 3 : 1) * windowMillis) {
            kinds.clear();
            since = now;
            endIsDue = false;
        }
    }

    /** Starts a new window and returns the events that the previous one suppressed. */
    synchronized List<SuppressedEvents> endWindow() {
        List<SuppressedEvents> all = new ArrayList<>();
        kinds.forEach((kind, count) -> {
            if (count.suppressed > 0) {
                all.add(new SuppressedEvents(kind.logger(), kind.template(), count.suppressed));
            }
        });
        kinds.clear();
        since = 0;
        endIsDue = false;
        return all;
    }
}
