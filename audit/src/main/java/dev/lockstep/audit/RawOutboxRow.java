package dev.lockstep.audit;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A row of an outbox that brings all headers of its record along, as dead letters and their replays do. Its record carries the ids
 * of the record that it repeats, so it is known by its whole content.
 *
 * @param digest stands for topic, key, value and headers
 */
record RawOutboxRow(
        UUID id, @Nullable String key, String topic, long digest, boolean relayed, long createdAt, ServiceRole role) {}
