package dev.lockstep.messaging.replication;

/**
 * How much WAL a replication slot may retain. Where {@code max_slot_wal_keep_size} is set, half of it is a limit for the warning too and
 * nine tenths of it for the refusal; the lower limit applies.
 *
 * @param warnBytes from this size on a warning is reported
 * @param refuseBytes from this size on new work is refused
 */
public record SlotLimits(long warnBytes, long refuseBytes) {}
