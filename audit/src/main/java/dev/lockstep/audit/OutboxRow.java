package dev.lockstep.audit;

/**
 * A row of an outbox whose record carries the row's id. Its digest covers key and value.
 *
 * @param sequence its number within its topic and key, or {@link ObservedRecord#NO_SEQUENCE}
 */
record OutboxRow(StoredRow stored, String type, long sequence) {}
