package dev.lockstep.relay;

import java.util.Locale;

/** Why a leader session ended without being closed. */
enum SessionEnd {
    /** The engine failed, or the session ended it because the publication was altered or the slot was lost. */
    FAILED,
    /** The engine delivered nothing, not even a heartbeat. */
    SILENT,
    /** The relay released the slot for another relay that can reach Kafka. */
    STEPPED_DOWN,
    /** The clock was set back. The producer and the engine measure their waits by it. */
    CLOCK_SET_BACK;

    /** The value of the metric's {@code cause} tag. */
    String tag() {
        return name().toLowerCase(Locale.ROOT);
    }
}
