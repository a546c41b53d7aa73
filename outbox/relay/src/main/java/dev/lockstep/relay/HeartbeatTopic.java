package dev.lockstep.relay;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The topic for heartbeats, by which an idle relay verifies that Kafka answers. The relay creates it if it may. */
final class HeartbeatTopic {
    private static final Logger LOGGER = LoggerFactory.getLogger(HeartbeatTopic.class);
    private static final Duration LIMIT = Duration.ofSeconds(5);
    private static final Duration RETENTION = Duration.ofHours(1);
    private static final Duration CHECK_INTERVAL = Duration.ofSeconds(2);
    private static final Duration RETRY_INTERVAL = Duration.ofSeconds(10);

    private enum State {
        /** Kafka has not answered, could not create the topic yet, or no longer has it. */
        UNKNOWN,
        USABLE,
        /** Kafka refused a heartbeat. It is tried again at intervals. */
        REFUSED,
        /** The topic does not exist, and the relay may not create it. Final for this session. */
        FORBIDDEN
    }

    private final RelayConfig config;
    private final TopicProbe probe;
    private volatile long since = System.nanoTime();
    private volatile long nextCheck = System.nanoTime();
    private volatile @Nullable String reason;
    private volatile State state = State.UNKNOWN;

    HeartbeatTopic(RelayConfig config, TopicProbe probe) {
        this.config = config;
        this.probe = probe;
    }

    boolean isUsable() {
        return state == State.USABLE;
    }

    /** False until Kafka has answered whether the topic can be used. Until then no heartbeat counts as acknowledged. */
    boolean isStateKnown() {
        return state != State.UNKNOWN;
    }

    /**
     * Handles Kafka's answer to a heartbeat. If the topic is missing, its state becomes unknown again. After any other refusal heartbeats
     * do without the topic for a while: a refusal also shows that Kafka answers.
     *
     * @param refusal null if Kafka accepted the heartbeat
     */
    void onHeartbeatResult(@Nullable Refusal refusal) throws InterruptedException {
        if (refusal == null) {
            return;
        }
        if (probe.check(OutboxRecords.HEARTBEAT_TOPIC).state() == TopicProbe.State.MISSING) {
            reason = refusal.reason();
            since = System.nanoTime();
            nextCheck = since;
            state = State.UNKNOWN;
            return;
        }
        nextCheck = System.nanoTime() + RETRY_INTERVAL.toNanos();
        if (!refusal.reason().equals(reason)) {
            LOGGER.atWarn()
                    .addKeyValue("topic", OutboxRecords.HEARTBEAT_TOPIC)
                    .addKeyValue("reason", refusal.reason())
                    .log("Kafka refuses heartbeats, the relay continues without the topic and retries");
        }
        reason = refusal.reason();
        state = State.REFUSED;
    }

    /** How long the state of the topic has been unknown. Zero if it is known. */
    Duration unknownFor() {
        return isStateKnown() ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - since);
    }

    /**
     * Creates the topic if it is missing, or checks whether Kafka accepts heartbeats again. Blocks for some seconds at most. Called
     * repeatedly by one thread; asks Kafka only while the state is open, and only at intervals.
     */
    void refreshState() throws InterruptedException {
        State seen = state;
        if (seen == State.USABLE || seen == State.FORBIDDEN || System.nanoTime() - nextCheck < 0) {
            return;
        }
        if (seen == State.UNKNOWN) {
            createOrFind();
        } else if (probe.check(OutboxRecords.HEARTBEAT_TOPIC).state() == TopicProbe.State.USABLE) {
            state = State.USABLE;
        }
        nextCheck = System.nanoTime() + CHECK_INTERVAL.toNanos();
    }

    private void createOrFind() throws InterruptedException {
        try (Admin admin = KafkaProbe.admin(config, LIMIT)) {
            state = create(admin);
        } catch (KafkaException cause) {
            state = unknown(cause);
        }
    }

    /** Why heartbeats do not count yet, if Kafka has been asked. */
    Optional<String> problem() {
        return isStateKnown() || reason == null
                ? Optional.empty()
                : Optional.of("heartbeat topic %s is not available on Kafka at %s: %s"
                        .formatted(OutboxRecords.HEARTBEAT_TOPIC, config.bootstrapServers(), reason));
    }

    private State create(Admin admin) throws InterruptedException {
        NewTopic topic = new NewTopic(OutboxRecords.HEARTBEAT_TOPIC, Optional.of(1), Optional.empty())
                .configs(Map.of("retention.ms", Long.toString(RETENTION.toMillis())));
        try {
            admin.createTopics(List.of(topic)).all().get();
            return State.USABLE;
        } catch (ExecutionException failure) {
            Throwable cause = failure.getCause();
            if (cause instanceof TopicExistsException) {
                return State.USABLE;
            }
            return cause instanceof RetriableException ? unknown(failure) : find(admin, failure);
        }
    }

    // The topic may exist even though this client may not create it.
    private State find(Admin admin, ExecutionException refusal) throws InterruptedException {
        try {
            admin.describeTopics(List.of(OutboxRecords.HEARTBEAT_TOPIC))
                    .allTopicNames()
                    .get();
            return State.USABLE;
        } catch (ExecutionException failure) {
            // Every failure other than a missing permission counts as transient: a cluster that starts has too few
            // brokers for the topic at first.
            if (!isForbidden(refusal) || !(isForbidden(failure) || isMissing(failure))) {
                return unknown(refusal);
            }
            LOGGER.atWarn()
                    .addKeyValue("topic", OutboxRecords.HEARTBEAT_TOPIC)
                    .addKeyValue("reason", RelayException.reason(refusal))
                    .log("heartbeat topic does not exist and the relay is not authorized to create it,"
                            + " the relay continues without the topic");
            return State.FORBIDDEN;
        }
    }

    private State unknown(Exception refusal) {
        boolean first = reason == null;
        reason = RelayException.reason(refusal);
        if (first) {
            LOGGER.atWarn()
                    .addKeyValue("topic", OutboxRecords.HEARTBEAT_TOPIC)
                    .addKeyValue("reason", reason)
                    .log("heartbeat topic is not available yet, no row counts as relayed until it is");
        }
        return State.UNKNOWN;
    }

    private static boolean isForbidden(ExecutionException failure) {
        return failure.getCause() instanceof AuthorizationException
                || failure.getCause() instanceof PolicyViolationException;
    }

    private static boolean isMissing(ExecutionException failure) {
        return failure.getCause() instanceof UnknownTopicOrPartitionException;
    }
}
