package dev.lockstep.messaging.replication;

import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The state of a replication slot, as Postgres reports it.
 *
 * @param name the name of the slot, or of the slot that will replace it
 * @param walStatus as in {@code pg_replication_slots}: {@code reserved}, {@code extended}, {@code unreserved} or {@code lost}
 * @param lostBecause why Postgres invalidated the slot, or null while it is valid
 * @param retainedBytes how much WAL the slot retains
 * @param safeBytes how much more WAL may be written before Postgres invalidates the slot; empty if it never does
 * @param keepBytes {@code max_slot_wal_keep_size}; empty if it is unlimited
 * @param inactive how long the slot has had no reader; zero while it has one
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

    /** Whether the slot retains no more than {@code max_wal_size}. */
    boolean isReserved() {
        return walStatus.equals("reserved");
    }
}
