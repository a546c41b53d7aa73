package dev.lockstep.audit;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A row of an outbox.
 *
 * @param digest digest of the content that its record must have
 * @param relayed whether the service reports that Kafka has acknowledged it
 * @param createdAt in milliseconds
 */
record StoredRow(UUID id, @Nullable String key, String topic, long digest, boolean relayed, long createdAt) {}
