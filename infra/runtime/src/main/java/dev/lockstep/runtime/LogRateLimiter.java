package dev.lockstep.runtime;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Lets through a bounded number of log events of one kind within a window of time and counts the others, so that ten thousand bad
 * records are neither ten thousand lines nor none. A kind is a logger with a message template; as libraries put values into their
 * templates, each logger is bounded, too. Events below INFO are not limited: somebody has asked for all of them.
 */
final class LogRateLimiter {
    private static final int MAX_TEMPLATE_LENGTH = 200;

    private final int maxPerTemplate;
    private final int maxPerLogger;
    private final long windowMillis;
    private final Runnable onFirstSuppressed;
    private final Map<Kind, Count> kinds = new HashMap<>();

    @SuppressWarnings("ThreadLocalUsage") // one limit for a logger context, so as good as static
    private final ThreadLocal<Answer> lastAnswer = new ThreadLocal<>();

    private long since;
    private boolean endIsDue;

    /**
     * @param onFirstSuppressed told of the first event that is left out of a window, and then has to see to it that {@link #endWindow} is
     *     called when the window is over
     */
    LogRateLimiter(int maxPerTemplate, int maxPerLogger, long windowMillis, Runnable onFirstSuppressed) {
        this.maxPerTemplate = maxPerTemplate;
        this.maxPerLogger = maxPerLogger;
        this.windowMillis = windowMillis;
        this.onFirstSuppressed = onFirstSuppressed;
    }

    /** The template is null for a logger as a whole. Errors have limits of their own, which other levels do not use up. */
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
     * Events that were left out.
     *
     * @param template of their messages, or null for those of a logger that had logged too much of different kinds
     */
    record SuppressedEvents(String logger, @Nullable String template, long events) {}

    /** Whether the event is to be logged. Each appender of an event asks, one after the other, and all get the same answer. */
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

    @SuppressWarnings("ReferenceEquality") // two events that are equal are still two events
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
            // The kinds of one logger are bounded by what it may log, so that these maps are bounded, too.
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

    // A window that events were left out of is ended by whoever was told so; if that is late, their number is lost, not
    // the log.
    private void rollWindow(long now) {
        if (now < since || now - since >= (endIsDue ? 3 : 1) * windowMillis) {
            kinds.clear();
            since = now;
            endIsDue = false;
        }
    }

    /** Begins a new window, and tells what was left out of the one before. */
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
