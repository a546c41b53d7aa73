package dev.lockstep.runtime;

import dev.lockstep.messaging.MessagingSettings.Retention;
import dev.lockstep.messaging.delivery.ConsumerOptions;
import dev.lockstep.messaging.outbox.ResendRequested;
import dev.lockstep.messaging.schedule.Backoff;
import java.time.Duration;
import java.util.List;

/** How messages are sent, retained and consumed. */
public record MessagingConfig(Topics topics, Retention retention, Consumers consumers) {
    private static final Duration MIN_RETENTION = Duration.ofHours(1);

    /**
     * The topics of the service.
     *
     * @param create whether missing topics are created at start
     * @param replicationFactor -1 for the cluster's default
     */
    public record Topics(boolean create, int partitions, int replicationFactor) {
        /** Reads the settings that start with {@code TOPIC_}. {@link Env#build} reports problems with them. */
        public static Topics read(Env env) {
            Topics topics = new Topics(
                    env.bool("TOPIC_CREATE", true),
                    env.integer("TOPIC_PARTITIONS", 6),
                    env.integer("TOPIC_REPLICATION_FACTOR", -1));
            int replicas = topics.replicationFactor();
            env.check(topics.partitions() > 0, "TOPIC_PARTITIONS must be at least 1, but was " + topics.partitions());
            env.check(
                    replicas == -1 || (replicas > 0 && replicas <= Short.MAX_VALUE),
                    "TOPIC_REPLICATION_FACTOR must be at least 1, or -1 for the cluster's default, but was "
                            + replicas);
            return topics;
        }

        public Topics withCreate(boolean created) {
            return new Topics(created, partitions, replicationFactor);
        }
    }

    /**
     * How records are consumed.
     *
     * @param gapResendAfter how long a message waits for its missing predecessor before the predecessor's sender is asked to resend it
     * @param gapGiveUpAfter how long a message waits for its missing predecessor before it becomes a dead letter
     */
    public record Consumers(
            int maxBatch,
            int maxAttempts,
            Duration retryBackoff,
            Duration maxRetryBackoff,
            Duration gapResendAfter,
            Duration gapGiveUpAfter) {}

    static MessagingConfig read(Env env) {
        return new MessagingConfig(Topics.read(env), retention(env), consumers(env));
    }

    private static Retention retention(Env env) {
        Retention retention = new Retention(
                env.duration("OUTBOX_RETENTION", Duration.ofDays(7)),
                env.duration("INBOX_RETENTION", Duration.ofDays(7)),
                env.duration("DEAD_LETTER_RETENTION", Duration.ofDays(90)));
        checkRetention(env, "OUTBOX_RETENTION", retention.outbox());
        checkRetention(env, "INBOX_RETENTION", retention.inbox());
        // A message does not wait for a predecessor that is a dead letter. It would wait if that dead letter was
        // deleted.
        env.check(
                retention.deadLetters().compareTo(retention.inbox()) >= 0,
                "DEAD_LETTER_RETENTION must be at least INBOX_RETENTION, but was " + retention.deadLetters());
        return retention;
    }

    private static void checkRetention(Env env, String name, Duration retention) {
        env.check(
                retention.compareTo(MIN_RETENTION) >= 0,
                name + " must be at least " + MIN_RETENTION + ", but was " + retention);
    }

    private static Consumers consumers(Env env) {
        Consumers consumers = new Consumers(
                env.integer("CONSUMER_MAX_BATCH", 500),
                env.integer("CONSUMER_MAX_ATTEMPTS", 5),
                env.duration("CONSUMER_RETRY_BACKOFF", Duration.ofMillis(500)),
                env.duration("CONSUMER_RETRY_BACKOFF_MAX", Duration.ofSeconds(30)),
                env.duration("CONSUMER_GAP_RESEND_AFTER", Duration.ofSeconds(10)),
                env.duration("CONSUMER_GAP_GIVE_UP_AFTER", Duration.ofMinutes(10)));
        env.check(
                consumers.maxBatch() > 0 && consumers.maxBatch() <= 5_000,
                "CONSUMER_MAX_BATCH must be from 1 to 5000, but was " + consumers.maxBatch());
        env.check(
                consumers.maxAttempts() > 0,
                "CONSUMER_MAX_ATTEMPTS must be at least 1, but was " + consumers.maxAttempts());
        env.checkTimeout("CONSUMER_RETRY_BACKOFF", consumers.retryBackoff());
        env.check(
                consumers.maxRetryBackoff().compareTo(consumers.retryBackoff()) >= 0,
                "CONSUMER_RETRY_BACKOFF_MAX must be at least CONSUMER_RETRY_BACKOFF, but was "
                        + consumers.maxRetryBackoff());
        env.checkTimeout("CONSUMER_GAP_RESEND_AFTER", consumers.gapResendAfter());
        env.check(
                consumers.gapGiveUpAfter().compareTo(consumers.gapResendAfter()) > 0,
                "CONSUMER_GAP_GIVE_UP_AFTER must be longer than CONSUMER_GAP_RESEND_AFTER, but was "
                        + consumers.gapGiveUpAfter());
        return consumers;
    }

    /** Options for the consumer of requests by other services to resend messages that they miss from this service. */
    public ConsumerOptions resendRequests(String service, KafkaConfig kafka) {
        return consumerOptions(service + ".resends", List.of(ResendRequested.TOPIC), kafka);
    }

    /** Options for a consumer of the service. */
    public ConsumerOptions consumerOptions(String group, List<String> topicNames, KafkaConfig kafka) {
        return new ConsumerOptions(
                group,
                topicNames,
                kafka.consumer(),
                consumers.maxBatch(),
                new ConsumerOptions.Retries(
                        consumers.maxAttempts(), new Backoff(consumers.retryBackoff(), consumers.maxRetryBackoff())),
                retention.inbox(),
                new ConsumerOptions.Gaps(consumers.gapResendAfter(), consumers.gapGiveUpAfter()));
    }
}
