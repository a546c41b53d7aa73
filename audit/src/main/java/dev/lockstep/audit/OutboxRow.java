package dev.lockstep.audit;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A row of an outbox whose record carries its id.
 *
 * @param digest stands for key and value
 * @param relayed whether the service says that Kafka has acknowledged it
 * @param createdAt in milliseconds
 * @param sequence its number among the rows of its topic and key, or {@link ObservedRecord#NO_SEQUENCE}
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
