package dev.lockstep.relay;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Distinguishes an engine that is stalled from one that is slow because the machine is busy.
 *
 * <p>An engine that starts has a limit of its own, which restarts with each step that the engine completes: loading its classes and opening
 * its connections takes many times longer on a busy machine. Once it reads from the slot, heartbeats must keep coming. Both limits are
 * extended in proportion to the delay of the relay's own timer in that time, because the engine's threads got as little CPU time.
 */
final class StallDetector {
    // A row passes through about this many threads, each of which waits for CPU time like the timer's thread.
    private static final int THREAD_HOPS = 4;

    private final Duration startTimeout;
    private final Duration stallTimeout;
    private final LongSupplier nanoClock;

    private volatile long lastStep;
    private volatile String step = "created";

    private Duration lastIdleTime = Duration.ZERO;
    private Duration timerDelay = Duration.ZERO;

    /**
     * @param startTimeout how long one step of the engine's start may take
     * @param stallTimeout how long an engine that reads from the slot may deliver nothing
     */
    StallDetector(Duration startTimeout, Duration stallTimeout, LongSupplier nanoClock) {
        this.startTimeout = startTimeout;
        this.stallTimeout = stallTimeout;
        this.nanoClock = nanoClock;
        this.lastStep = nanoClock.getAsLong();
    }

    /** Records that the engine has completed a step of its start. Called by any thread. */
    void stepReached(String to) {
        step = to;
        lastStep = nanoClock.getAsLong();
    }

    /** Returns the last step of the start that the engine has completed. */
    String step() {
        return step;
    }

    /**
     * Called by one thread, at regular intervals.
     *
     * @param silence how long the engine has delivered nothing
     * @param delivered whether it has delivered anything since it was created
     * @param timerLate by how much this call is later than planned
     */
    boolean isStalled(Duration silence, boolean delivered, Duration timerLate) {
        Duration sinceStep = Duration.ofNanos(nanoClock.getAsLong() - lastStep);
        Duration silent = silence.compareTo(sinceStep) < 0 ? silence : sinceStep;
        if (silent.compareTo(lastIdleTime) < 0) {
            timerDelay = Duration.ZERO;
        }
        lastIdleTime = silent;
        timerDelay = timerDelay.plus(timerLate);
        Duration limit = delivered ? stallTimeout : startTimeout;
        return silent.compareTo(limit.plus(timerDelay.multipliedBy(THREAD_HOPS))) > 0;
    }
}
