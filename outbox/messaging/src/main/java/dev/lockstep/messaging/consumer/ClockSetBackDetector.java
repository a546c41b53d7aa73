package dev.lockstep.messaging.consumer;

import java.util.function.LongSupplier;

/** Detects that the time of day was set back. Kafka's clients measure their waits by it and do not detect this themselves. */
final class ClockSetBackDetector {
    private final LongSupplier millis;
    private long last;

    ClockSetBackDetector() {
        this(System::currentTimeMillis);
    }

    ClockSetBackDetector(LongSupplier millis) {
        this.millis = millis;
        this.last = millis.getAsLong();
    }

    /** Whether the clock was set back since the last call, or since this detector was created. */
    boolean wasSetBack() {
        long before = last;
        last = millis.getAsLong();
        return last < before;
    }
}
