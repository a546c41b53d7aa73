package dev.lockstep.runtime;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.netty.util.concurrent.EventExecutor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * Measures how late an event loop runs a timer. A loop that is blocked records nothing until it is released, so the delay that has already
 * passed is exported as well.
 */
final class EventLoopMonitor {
    private static final Duration INTERVAL = Duration.ofMillis(250);

    private final EventExecutor eventLoop;
    private final Timer lag;
    private volatile long due = System.nanoTime();

    private EventLoopMonitor(EventExecutor eventLoop, Timer lag) {
        this.eventLoop = eventLoop;
        this.lag = lag;
    }

    /** Measures every event loop until it shuts down. */
    static void monitor(Iterable<EventExecutor> eventLoops, MeterRegistry meters) {
        Timer lag = Timer.builder("lockstep.event.loop.lag")
                .description("delay with which an event loop ran a timer")
                .register(meters);
        List<EventLoopMonitor> monitors = new ArrayList<>();
        for (EventExecutor eventLoop : eventLoops) {
            EventLoopMonitor monitor = new EventLoopMonitor(eventLoop, lag);
            monitor.measureNext();
            monitors.add(monitor);
        }
        Gauge.builder("lockstep.event.loop.blocked", monitors, EventLoopMonitor::longestDelaySeconds)
                .description("how long the timer of the most delayed event loop has been due, 0 if none is due")
                .baseUnit("seconds")
                .strongReference(true)
                .register(meters);
    }

    // Each measurement schedules the next one. At a fixed rate, an event loop that was late would run all missed
    // measurements at once.
    private void measureNext() {
        due = System.nanoTime() + INTERVAL.toNanos();
        try {
            var _ = eventLoop.schedule(this::measure, INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            // The event loop has shut down, so the measurement ends.
        }
    }

    private void measure() {
        lag.record(delayNanos(), TimeUnit.NANOSECONDS);
        measureNext();
    }

    private long delayNanos() {
        return Math.max(0, System.nanoTime() - due);
    }

    private static double longestDelaySeconds(List<EventLoopMonitor> monitors) {
        long longest = monitors.stream()
                .filter(monitor -> !monitor.eventLoop.isShuttingDown())
                .mapToLong(EventLoopMonitor::delayNanos)
                .max()
                .orElse(0);
        return (double) longest / Duration.ofSeconds(1).toNanos();
    }
}
