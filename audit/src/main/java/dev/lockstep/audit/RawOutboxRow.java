package dev.lockstep.audit;

/**
 * An outbox row that brings all headers of its record, as dead letters and their replays do. Its record carries the ids of the record
 * that it repeats, so it is identified by its whole content: its digest covers topic, key, value and headers.
 */
record RawOutboxRow(StoredRow stored, ServiceRole role) {}
