package dev.lockstep.runtime;

import dev.lockstep.messaging.delivery.ConsumerOptions;
import dev.lockstep.messaging.outbox.ResendRequested;
import dev.lockstep.messaging.schedule.Backoff;
import java.time.Duration;
import java.util.List;

/**
 * How messages are retained, sent and consumed.
 *
 * @param topicCreate whether missing topics are created at start
 * @param topicReplicationFactor -1 for the cluster's default
 * @param outboxRetention how long rows are kept after they were relayed
 * @param inboxRetention how long a duplicate message is recognised
 * @param deadLetterRetention how long dead letters are kept after they were replayed or discarded
 * @param consumerGapResendAfter how long a message waits for its missing predecessor before the predecessor's sender is asked to resend it
 * @param consumerGapGiveUpAfter how long a message waits for its missing predecessor before it becomes a dead letter
 */
public record MessagingConfig(
        boolean topicCreate,
        int topicPartitions,
        int topicReplicationFactor,
        Duration outboxRetention,
        Duration inboxRetention,
        Duration deadLetterRetention,
        int consumerMaxBatch,
        int consumerMaxAttempts,
        Duration consumerRetryBackoff,
        Duration consumerMaxRetryBackoff,
        Duration consumerGapResendAfter,
        Duration consumerGapGiveUpAfter) {
    private static final Duration MIN_RETENTION = Duration.ofHours(1);

    static MessagingConfig read(Env env) {
        MessagingConfig config = new MessagingConfig(
                env.bool("TOPIC_CREATE", true),
                env.integer("TOPIC_PARTITIONS", 6),
                env.integer("TOPIC_REPLICATION_FACTOR", -1),
                env.duration("OUTBOX_RETENTION", Duration.ofDays(7)),
                env.duration("INBOX_RETENTION", Duration.ofDays(7)),
                env.duration("DEAD_LETTER_RETENTION", Duration.ofDays(90)),
                env.integer("CONSUMER_MAX_BATCH", 500),
                env.integer("CONSUMER_MAX_ATTEMPTS", 5),
                env.duration("CONSUMER_RETRY_BACKOFF", Duration.ofMillis(500)),
                env.duration("CONSUMER_RETRY_BACKOFF_MAX", Duration.ofSeconds(30)),
                env.duration("CONSUMER_GAP_RESEND_AFTER", Duration.ofSeconds(10)),
                env.duration("CONSUMER_GAP_GIVE_UP_AFTER", Duration.ofMinutes(10)));
        config.check(env);
        return config;
    }

    private void check(Env env) {
        env.check(topicPartitions > 0, "TOPIC_PARTITIONS must be at least 1, but was " + topicPartitions);
        env.check(
                topicReplicationFactor == -1
                        || (topicReplicationFactor > 0 && topicReplicationFactor <= Short.MAX_VALUE),
                "TOPIC_REPLICATION_FACTOR must be at least 1, or -1 for the cluster's default, but was "
                        + topicReplicationFactor);
        checkRetention(env, "OUTBOX_RETENTION", outboxRetention);
        checkRetention(env, "INBOX_RETENTION", inboxRetention);
        // Otherwise the successor of a dead letter would wait for it.
        env.check(
                deadLetterRetention.compareTo(inboxRetention) >= 0,
                "DEAD_LETTER_RETENTION must be at least INBOX_RETENTION, but was " + deadLetterRetention);
        env.check(
                consumerMaxBatch > 0 && consumerMaxBatch <= 5_000,
                "CONSUMER_MAX_BATCH must be from 1 to 5000, but was " + consumerMaxBatch);
        env.check(consumerMaxAttempts > 0, "CONSUMER_MAX_ATTEMPTS must be at least 1, but was " + consumerMaxAttempts);
        env.check(
                consumerRetryBackoff.isPositive(),
                "CONSUMER_RETRY_BACKOFF must be positive, but was " + consumerRetryBackoff);
        env.check(
                consumerMaxRetryBackoff.compareTo(consumerRetryBackoff) >= 0,
                "CONSUMER_RETRY_BACKOFF_MAX must be at least CONSUMER_RETRY_BACKOFF, but was "
                        + consumerMaxRetryBackoff);
        env.check(
                consumerGapResendAfter.isPositive(),
                "CONSUMER_GAP_RESEND_AFTER must be positive, but was " + consumerGapResendAfter);
        env.check(
                consumerGapGiveUpAfter.compareTo(consumerGapResendAfter) > 0,
                "CONSUMER_GAP_GIVE_UP_AFTER must be longer than CONSUMER_GAP_RESEND_AFTER, but was "
                        + consumerGapGiveUpAfter);
    }

    private static void checkRetention(Env env, String name, Duration retention) {
        env.check(
                retention.compareTo(MIN_RETENTION) >= 0,
                name + " must be at least " + MIN_RETENTION + ", but was " + retention);
    }

    /** Options for the consumer of requests by other services to resend messages that they miss from this service. */
    public ConsumerOptions resendRequests(String service, KafkaConfig kafka) {
        return consumer(service + ".resends", List.of(ResendRequested.TOPIC), kafka);
    }

    /** Options for a consumer of the service. */
    public ConsumerOptions consumer(String group, List<String> topics, KafkaConfig kafka) {
        return new ConsumerOptions(
                group,
                topics,
                kafka.consumer(),
                consumerMaxBatch,
                new ConsumerOptions.Retries(
                        consumerMaxAttempts, new Backoff(consumerRetryBackoff, consumerMaxRetryBackoff)),
                inboxRetention,
                new ConsumerOptions.Gaps(consumerGapResendAfter, consumerGapGiveUpAfter));
    }
}
