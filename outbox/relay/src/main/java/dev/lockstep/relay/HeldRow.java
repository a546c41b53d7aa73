package dev.lockstep.relay;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A row that is to be held back.
 *
 * @param orderingKey the topic and key within which the row keeps its place
 * @param refusal why Kafka refused it, or null if it waits behind another row
 * @param transaction as in {@link OutboxRow}
 */
record HeldRow(
        UUID id,
        OrderingKey orderingKey,
        @Nullable Refusal refusal,
        @Nullable Long transaction) {
    static HeldRow of(OutboxRow row, @Nullable Refusal refusal) {
        return new HeldRow(
                UUID.fromString(row.id()),
                OrderingKey.of(row),
                Refusal.BLOCKED_BY_PREDECESSOR.equals(refusal) ? null : refusal,
                row.transaction());
    }
}
