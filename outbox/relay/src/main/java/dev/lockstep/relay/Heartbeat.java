package dev.lockstep.relay;

/**
 * One row of {@code outbox_heartbeat}.
 *
 * @param snapshot who had committed when the row was written, as {@code pg_snapshot} text: everybody visible in it comes
 *     before this row in the log
 */
record Heartbeat(long number, String snapshot) {}
