package dev.lockstep.messaging;

import dev.lockstep.messaging.delivery.ConsumerOptions;
import dev.lockstep.messaging.outbox.ResendRequested;
import dev.lockstep.messaging.replication.SlotLimits;
import java.time.Duration;

/**
 * How a service's outbox, inbox and dead letters are kept.
 *
 * @param outboxRetention how long rows are kept after they were relayed
 * @param inboxRetention how long a repeated message is recognised as one
 * @param deadLetterRetention how long dead letters are kept after they were replayed or discarded
 * @param slot the replication slot that the outbox is relayed from, wherever that happens
 * @param slotLimits how much log that slot may keep
 * @param relayStalledAfter how long no heartbeat of the outbox may have come back from Kafka until that is a problem
 * @param source this service's {@code ce_source}: what it sent, it sends again when a reader misses it
 * @param resendRequests a group of this service's own on {@link ResendRequested#TOPIC}
 */
public record MessagingSettings(
        Duration outboxRetention,
        Duration inboxRetention,
        Duration deadLetterRetention,
        String slot,
        SlotLimits slotLimits,
        Duration relayStalledAfter,
        String source,
        ConsumerOptions resendRequests) {}
