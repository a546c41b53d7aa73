package dev.lockstep.relay;

/**
 * One row of {@code outbox_heartbeat}.
 *
 * @param snapshot the transactions that had committed when the row was written, as {@code pg_snapshot} text: all transactions visible in it
 *     come before this row in the WAL
 */
record Heartbeat(long number, String snapshot) {}
