package dev.lockstep.relay;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;

/** Asks Kafka about topics over a connection of its own, and needs no more rights than a client that writes to the topic. */
final class AdminTopicProbe implements TopicProbe {
    private static final Duration LIMIT = Duration.ofSeconds(2);
    private static final Pattern NAME = Pattern.compile("(?!\\.{1,2}$)[a-zA-Z0-9._-]{1,249}");

    private final RelayConfig config;

    AdminTopicProbe(RelayConfig config) {
        this.config = config;
    }

    /** Whether the name is a valid topic name. A client that asks for a name that is too long breaks its own connection. */
    static boolean isValidName(String topic) {
        return NAME.matcher(topic).matches();
    }

    @Override
    public Map<String, Finding> check(Set<String> topics) throws InterruptedException {
        Map<String, Finding> findings = new HashMap<>();
        Set<String> names = topics.stream().filter(AdminTopicProbe::isValidName).collect(Collectors.toSet());
        for (String topic : topics) {
            if (!names.contains(topic)) {
                findings.put(
                        topic,
                        new Finding(
                                State.REFUSED,
                                "InvalidTopicException: the topic name must have 1 to 249 letters, digits, '.', '_' or"
                                        + " '-', and must not be '.' or '..'"));
            }
        }
        if (!names.isEmpty()) {
            try (Admin admin = KafkaProbe.admin(config, LIMIT)) {
                describe(admin, names, findings);
            } catch (KafkaException unreachable) {
                names.forEach(topic -> findings.putIfAbsent(topic, Finding.UNKNOWN));
            }
        }
        return findings;
    }

    private static void describe(Admin admin, Set<String> names, Map<String, Finding> findings)
            throws InterruptedException {
        Map<String, KafkaFuture<TopicDescription>> answers =
                admin.describeTopics(names).topicNameValues();
        for (Map.Entry<String, KafkaFuture<TopicDescription>> answer : answers.entrySet()) {
            String topic = answer.getKey();
            try {
                findings.put(topic, checkPartitions(admin, answer.getValue().get()));
            } catch (ExecutionException failure) {
                findings.put(topic, finding(failure.getCause()));
            }
        }
    }

    private static Finding finding(@Nullable Throwable cause) {
        return switch (cause) {
            case UnknownTopicOrPartitionException missing ->
                new Finding(State.MISSING, "UnknownTopicOrPartitionException: the topic does not exist");
            case TopicAuthorizationException forbidden -> new Finding(State.REFUSED, RelayException.reason(forbidden));
            case InvalidTopicException impossible -> new Finding(State.REFUSED, RelayException.reason(impossible));
            case null, default -> Finding.UNKNOWN;
        };
    }

    private static Finding checkPartitions(Admin admin, TopicDescription topic) throws InterruptedException {
        for (TopicPartitionInfo partition : topic.partitions()) {
            if (partition.leader() == null || partition.leader().isEmpty()) {
                return new Finding(
                        State.UNAVAILABLE,
                        "LeaderNotAvailableException: partition %d has no leader".formatted(partition.partition()));
            }
        }
        int wanted = minInSync(admin, topic.name());
        for (TopicPartitionInfo partition : topic.partitions()) {
            // A broker requires no more in-sync replicas than there are replicas.
            if (partition.isr().size() < Math.min(wanted, partition.replicas().size())) {
                return new Finding(
                        State.UNAVAILABLE,
                        "NotEnoughReplicasException: partition %d has %d in-sync replicas, min.insync.replicas is %d"
                                .formatted(
                                        partition.partition(), partition.isr().size(), wanted));
            }
        }
        return Finding.USABLE;
    }

    // Reading the setting needs a right that a writer may lack; the default is 1 then.
    private static int minInSync(Admin admin, String topic) throws InterruptedException {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        try {
            Config config = admin.describeConfigs(List.of(resource)).all().get().get(resource);
            return config == null
                    ? 1
                    : Optional.ofNullable(config.get(TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG))
                            .map(ConfigEntry::value)
                            .map(Integer::parseInt)
                            .orElse(1);
        } catch (ExecutionException unreadable) {
            return 1;
        }
    }
}
