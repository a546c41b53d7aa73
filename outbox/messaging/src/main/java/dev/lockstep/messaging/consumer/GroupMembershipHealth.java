package dev.lockstep.messaging.consumer;

import dev.lockstep.messaging.delivery.ConsumerOptions;
import java.time.Duration;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.Metric;
import org.jspecify.annotations.Nullable;

/**
 * Whether a consumer that has joined its group is still in touch with it. A poll does not say: while Kafka is away it brings nothing, as
 * it does when there is nothing to bring. The client sends no heartbeat, however, as long as the one before is not answered.
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

    /** Whether it has been a member; one that was thrown out is waited for too. */
    boolean hasJoined() {
        return joinedAt != 0;
    }

    /** What is wrong with a member, or null. What is later than the session's timeout is no longer waited for by the group. */
    @Nullable
    String problem() {
        if (joinedAt == 0) {
            joinedAt = System.nanoTime();
        }
        double seconds = secondsAgo();
        return seconds > sessionTimeout.toSeconds() ? "has not reached Kafka for %.0f s".formatted(seconds) : null;
    }

    // Kafka may be gone before the first one is sent, which is said as -1.
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
