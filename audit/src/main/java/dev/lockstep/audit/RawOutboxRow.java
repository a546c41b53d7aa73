package dev.lockstep.audit;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * An outbox row that brings all headers of its record, as dead letters and their replays do. Its record carries the ids of the record
 * that it repeats, so it is identified by its whole content.
 *
 * @param digest digest of topic, key, value and headers
 */
record RawOutboxRow(
        UUID id, @Nullable String key, String topic, long digest, boolean relayed, long createdAt, ServiceRole role) {}
