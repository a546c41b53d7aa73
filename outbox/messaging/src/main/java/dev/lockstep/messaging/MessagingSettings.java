package dev.lockstep.messaging;

import dev.lockstep.messaging.delivery.ConsumerOptions;
import dev.lockstep.messaging.outbox.ResendRequested;
import dev.lockstep.messaging.replication.SlotLimits;
import java.time.Duration;

/**
 * Settings of a service's outbox, inbox and dead letters.
 *
 * @param retention how long rows are kept
 * @param slot the replication slot from which the outbox is relayed, wherever the relay runs
 * @param slotLimits how much WAL the slot may retain
 * @param relayStalledAfter the age of the last outbox heartbeat acknowledged by Kafka from which the relay counts as stalled
 * @param source this service's {@code ce_source}; the service resends the messages of this source when a reader misses them
 * @param resendRequests options of this service's own consumer group on {@link ResendRequested#TOPIC}
 */
public record MessagingSettings(
        Retention retention,
        String slot,
        SlotLimits slotLimits,
        Duration relayStalledAfter,
        String source,
        ConsumerOptions resendRequests) {
    /**
     * How long rows are kept.
     *
     * @param outbox how long rows are kept after they were relayed
     * @param inbox how long a repeated message is recognised as a repeat
     * @param deadLetters how long dead letters are kept after they were replayed or discarded
     */
    public record Retention(Duration outbox, Duration inbox, Duration deadLetters) {}
}
