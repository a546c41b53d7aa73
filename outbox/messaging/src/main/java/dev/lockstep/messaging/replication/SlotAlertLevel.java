package dev.lockstep.messaging.replication;

import java.util.OptionalLong;

/** How close the WAL retained for an unread slot is to filling the disk. A pure decision, without clock or database. */
enum SlotAlertLevel {
    OK(0),
    WARNING(1),
    CRITICAL(2),
    LOST(3);

    /** A level ends when the retained WAL falls below this many tenths of its limit. The margin prevents flapping. */
    private static final int RELEASE_AT_TENTHS = 8;

    private final int metricValue;

    SlotAlertLevel(int metricValue) {
        this.metricValue = metricValue;
    }

    /** The value of the level in the metric. */
    int metricValue() {
        return metricValue;
    }

    /** Returns the level that follows this one for the current state of the slot. */
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

    // Postgres removes WAL in whole segments, so safe_wal_size is more accurate than the limit minus the retained
    // bytes.
    private static boolean isNearlyLost(SlotState slot, boolean already) {
        return slot.safeBytes().isPresent()
                && slot.keepBytes().isPresent()
                && slot.safeBytes().getAsLong() < slot.keepBytes().getAsLong() / 10 * (already ? 2 : 1);
    }

    private static long lower(long limit, OptionalLong keep, int tenths) {
        return keep.isPresent() ? Math.min(limit, keep.getAsLong() / 10 * tenths) : limit;
    }
}
