package dev.lockstep.audit;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A row of an outbox whose record carries the row's id.
 *
 * @param digest digest of key and value
 * @param relayed whether the service claims that Kafka has acknowledged it
 * @param createdAt in milliseconds
 * @param sequence its number within its topic and key, or {@link ObservedRecord#NO_SEQUENCE}
 */
record OutboxRow(
        UUID id,
        @Nullable String key,
        String type,
        String topic,
        long digest,
        boolean relayed,
        long createdAt,
        long sequence) {}
