package dev.lockstep.relay;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Tells an engine that is stalled from one that is slow because the machine is busy.
 *
 * <p>An engine that starts has a limit of its own, which begins again with each step that it gets further: loading its classes and
 * opening its connections takes many times as long on a busy machine. Once it reads from the slot, heartbeats must keep coming. Both limits
 * are extended by how late the relay's own timer ran meanwhile, since the engine's threads got as little of the processors.
 */
final class StallDetector {
    // A row passes through about this many threads, each of which waits for its turn as the timer's thread does.
    private static final int THREADS_IN_A_ROW = 4;

    private final Duration startLimit;
    private final Duration silenceLimit;
    private final LongSupplier nanoClock;

    private volatile long lastStep;
    private volatile String step = "created";

    private Duration lastSilence = Duration.ZERO;
    private Duration late = Duration.ZERO;

    /**
     * @param startLimit how long one step of the engine's start may take
     * @param silenceLimit for how long an engine that reads from the slot may deliver nothing
     */
    StallDetector(Duration startLimit, Duration silenceLimit, LongSupplier nanoClock) {
        this.startLimit = startLimit;
        this.silenceLimit = silenceLimit;
        this.nanoClock = nanoClock;
        this.lastStep = nanoClock.getAsLong();
    }

    /** The engine got one step further in its start. Called by any thread. */
    void advanced(String to) {
        step = to;
        lastStep = nanoClock.getAsLong();
    }

    /** The last step of the start that the engine has got to. */
    String step() {
        return step;
    }

    /**
     * To be called by one thread, at regular intervals.
     *
     * @param silence for how long the engine has delivered nothing
     * @param streams whether it has delivered anything
     * @param timerLate how much later than planned this call comes
     */
    boolean isStalled(Duration silence, boolean streams, Duration timerLate) {
        Duration sinceStep = Duration.ofNanos(nanoClock.getAsLong() - lastStep);
        Duration silent = silence.compareTo(sinceStep) < 0 ? silence : sinceStep;
        if (silent.compareTo(lastSilence) < 0) {
            late = Duration.ZERO;
        }
        lastSilence = silent;
        late = late.plus(timerLate);
        Duration limit = streams ? silenceLimit : startLimit;
        return silent.compareTo(limit.plus(late.multipliedBy(THREADS_IN_A_ROW))) > 0;
    }
}
