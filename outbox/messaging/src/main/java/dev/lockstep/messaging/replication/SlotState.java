package dev.lockstep.messaging.replication;

import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What Postgres says of a replication slot.
 *
 * @param name its own, or that of the one which is to replace it
 * @param walStatus as in {@code pg_replication_slots}: {@code reserved}, {@code extended}, {@code unreserved} or {@code lost}
 * @param lostBecause why Postgres gave the slot up, or null while it is sound
 * @param retainedBytes how much WAL it keeps from being removed
 * @param safeBytes how much more may be written before Postgres gives it up; empty where it never does
 * @param keepBytes {@code max_slot_wal_keep_size}; empty where that is not limited
 * @param inactive for how long nobody has read from it; zero while somebody does
 */
record SlotState(
        String name,
        String walStatus,
        @Nullable String lostBecause,
        long retainedBytes,
        OptionalLong safeBytes,
        OptionalLong keepBytes,
        Duration inactive) {
    static final List<String> WAL_STATUSES = List.of("reserved", "extended", "unreserved", "lost");

    /** Whether it keeps no more than {@code max_wal_size}. */
    boolean isReserved() {
        return walStatus.equals("reserved");
    }
}
