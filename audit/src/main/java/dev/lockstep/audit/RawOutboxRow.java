package dev.lockstep.audit;

/**
 * An outbox row that stores all headers of its record: a dead letter or a replay. Its record carries the id of the original record
 * instead of the row's id, so row and record are matched by their whole content: the digest covers topic, key, value and headers.
 */
record RawOutboxRow(StoredRow stored, ServiceRole role) {}
