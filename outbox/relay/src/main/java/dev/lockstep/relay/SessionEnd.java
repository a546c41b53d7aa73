package dev.lockstep.relay;

import java.util.Locale;

/** Why a term that nobody closed is over. */
enum SessionEnd {
    /** The engine gave up. */
    FAILED,
    /** The engine delivered nothing, not even a heartbeat. */
    SILENT,
    /** The slot was given back for another relay, which Kafka answers. */
    STEPPED_DOWN,
    /** The clock was set back, by which producer and engine wait. */
    CLOCK_SET_BACK;

    /** As the metric says it. */
    String tag() {
        return name().toLowerCase(Locale.ROOT);
    }
}
