package dev.lockstep.messaging.consumer;

import dev.lockstep.messaging.delivery.ConsumerOptions;
import java.time.Duration;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.Metric;
import org.jspecify.annotations.Nullable;

/**
 * Checks whether a consumer that has joined its group is still in contact with the group coordinator. Polling does not show this: a poll
 * returns no records while Kafka is unavailable, just as it does when there are none. The client, however, sends no heartbeat until the
 * previous one is answered, so the age of the last heartbeat shows it.
 */
final class GroupMembershipHealth {
    private static final String GROUP = "consumer-coordinator-metrics";
    private static final String NAME = "last-heartbeat-seconds-ago";

    private final Consumer<?, ?> consumer;
    private final Duration sessionTimeout;
    private @Nullable Metric lastHeartbeat;
    private long joinedAt;

    GroupMembershipHealth(Consumer<?, ?> consumer, ConsumerOptions options) {
        this.consumer = consumer;
        this.sessionTimeout = Duration.ofMillis(
                new ConsumerConfig(options.kafkaProperties()).getInt(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG));
    }

    /**
     * Whether the consumer has been a member. This stays true after the coordinator has removed it. A member without partitions counts once
     * the coordinator has confirmed its membership.
     */
    boolean hasJoined() {
        if (joinedAt == 0
                && (!consumer.assignment().isEmpty() || consumer.groupMetadata().generationId() >= 0)) {
            joinedAt = System.nanoTime();
        }
        return joinedAt != 0;
    }

    /**
     * Returns the problem of a member, or null. After {@code session.timeout.ms} without a heartbeat the coordinator removes the member.
     */
    @Nullable
    String problem() {
        double seconds = secondsAgo();
        return seconds > sessionTimeout.toSeconds() ? "has not reached Kafka for %.0f s".formatted(seconds) : null;
    }

    // The metric is -1 if Kafka became unavailable before the first heartbeat was sent.
    private double secondsAgo() {
        if (lastHeartbeat == null) {
            lastHeartbeat = find();
        }
        return lastHeartbeat != null && lastHeartbeat.metricValue() instanceof Double seconds && seconds >= 0
                ? seconds
                : (System.nanoTime() - joinedAt) / 1e9;
    }

    private @Nullable Metric find() {
        return consumer.metrics().values().stream()
                .filter(metric -> metric.metricName().group().equals(GROUP))
                .filter(metric -> metric.metricName().name().equals(NAME))
                .findAny()
                .map(metric -> (Metric) metric)
                .orElse(null);
    }
}
