package dev.lockstep.messaging.replication;

import java.util.OptionalLong;

/** How far a slot that nobody reads has come on its way to filling the disk. Decides, and knows no clock and no database. */
enum SlotAlertLevel {
    OK(0),
    WARNING(1),
    CRITICAL(2),
    LOST(3);

    /** How much of a limit has to be free again before its step ends, in tenths, so that it does not come and go. */
    private static final int RELEASE_AT_TENTHS = 8;

    private final int metricValue;

    SlotAlertLevel(int metricValue) {
        this.metricValue = metricValue;
    }

    /** As the metric shows it. */
    int metricValue() {
        return metricValue;
    }

    /** The step after this one, for the slot as it is now. */
    SlotAlertLevel next(SlotState slot, SlotLimits limits) {
        if (slot.lostBecause() != null) {
            return LOST;
        }
        if (isOver(slot, refuseBytes(slot, limits), this == CRITICAL) || isNearlyLost(slot, this == CRITICAL)) {
            return CRITICAL;
        }
        return isOver(slot, warnBytes(slot, limits), this == WARNING || this == CRITICAL) ? WARNING : OK;
    }

    static long warnBytes(SlotState slot, SlotLimits limits) {
        return lower(limits.warnBytes(), slot.keepBytes(), 5);
    }

    static long refuseBytes(SlotState slot, SlotLimits limits) {
        return lower(limits.refuseBytes(), slot.keepBytes(), 9);
    }

    private static boolean isOver(SlotState slot, long limit, boolean already) {
        return slot.retainedBytes() >= (already ? limit / 10 * RELEASE_AT_TENTHS : limit);
    }

    // Postgres counts in whole segments, so what it says is left is nearer to the truth than what can be reckoned.
    private static boolean isNearlyLost(SlotState slot, boolean already) {
        return slot.safeBytes().isPresent()
                && slot.keepBytes().isPresent()
                && slot.safeBytes().getAsLong() < slot.keepBytes().getAsLong() / 10 * (already ? 2 : 1);
    }

    private static long lower(long limit, OptionalLong keep, int tenths) {
        return keep.isPresent() ? Math.min(limit, keep.getAsLong() / 10 * tenths) : limit;
    }
}
