package dev.lockstep.messaging.replication;

/**
 * How much WAL a replication slot may keep from being removed. Where {@code max_slot_wal_keep_size} is set, half of it and nine tenths of it are
 * limits too, and the lower one counts.
 *
 * @param warnBytes from here on it is said
 * @param refuseBytes from here on no new work is taken
 */
public record SlotLimits(long warnBytes, long refuseBytes) {}
