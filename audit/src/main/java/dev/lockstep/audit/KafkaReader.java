package dev.lockstep.audit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads topics from their first record up to given end offsets, and the lag of consumer groups. */
final class KafkaReader implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(200);
    private static final Duration STALL_TIMEOUT = Duration.ofSeconds(60);
    private static final String API_TIMEOUT_MS = "10000";

    private final String bootstrapServers;
    private final Properties properties;
    private final Admin admin;

    private KafkaReader(String bootstrapServers, Properties properties, Admin admin) {
        this.bootstrapServers = bootstrapServers;
        this.properties = properties;
        this.admin = admin;
    }

    /** @param given client properties, including {@code bootstrap.servers} */
    static KafkaReader open(Properties given) {
        String bootstrapServers = given.getProperty("bootstrap.servers");
        try {
            Admin admin = Admin.create(forAdmin(given));
            return new KafkaReader(bootstrapServers, given, admin);
        } catch (KafkaException cause) {
            throw unreachable(bootstrapServers, cause.getCause() == null ? cause : cause.getCause());
        }
    }

    /** Returns the partitions of those topics that exist. */
    List<TopicPartition> partitions(Collection<String> topics) {
        List<TopicPartition> partitions = new ArrayList<>();
        try {
            Set<String> existing = new HashSet<>(admin.listTopics().names().get());
            existing.retainAll(topics);
            admin.describeTopics(existing)
                    .allTopicNames()
                    .get()
                    .forEach((topic, description) -> description
                            .partitions()
                            .forEach(partition -> partitions.add(new TopicPartition(topic, partition.partition()))));
        } catch (ExecutionException cause) {
            throw unreachable(bootstrapServers, cause.getCause() == null ? cause : cause.getCause());
        } catch (InterruptedException cause) {
            throw interrupted(cause);
        }
        return partitions;
    }

    /** Returns the current end offsets of the partitions. */
    Map<TopicPartition, Long> endOffsets(Collection<TopicPartition> partitions) {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
            return Map.copyOf(consumer.endOffsets(partitions));
        } catch (KafkaException cause) {
            throw unreachable(bootstrapServers, cause);
        }
    }

    /**
     * Returns by partition how many records before {@code ends} the group has not committed. Does not count records that were deleted.
     */
    Map<TopicPartition, Long> lag(String group, Map<TopicPartition, Long> ends) {
        Map<TopicPartition, Long> lag = new HashMap<>();
        try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
            Map<TopicPartition, Long> begins = consumer.beginningOffsets(ends.keySet());
            Map<TopicPartition, OffsetAndMetadata> committed = admin.listConsumerGroupOffsets(group)
                    .partitionsToOffsetAndMetadata()
                    .get();
            ends.forEach((partition, end) -> {
                OffsetAndMetadata position = committed.get(partition);
                long from = Math.max(begins.getOrDefault(partition, 0L), position == null ? 0 : position.offset());
                if (end > from) {
                    lag.put(partition, end - from);
                }
            });
            return lag;
        } catch (ExecutionException cause) {
            throw unreachable(bootstrapServers, cause.getCause() == null ? cause : cause.getCause());
        } catch (KafkaException cause) {
            throw unreachable(bootstrapServers, cause);
        } catch (InterruptedException cause) {
            throw interrupted(cause);
        }
    }

    /**
     * Passes every record of the partitions to {@code reader}, in the order of each partition, up to {@code ends}. Returns how far back
     * the partitions reach.
     *
     * @param partitionsAdded whether a record may be in a different partition than its key selects today
     */
    Retention read(
            Map<TopicPartition, Long> ends, boolean partitionsAdded, Consumer<ConsumerRecord<byte[], byte[]>> reader) {
        Retention retention = new Retention(partitionsAdded);
        ends.keySet().stream()
                .map(TopicPartition::topic)
                .distinct()
                .forEach(topic -> retention.addTopic(topic, (int) ends.keySet().stream()
                        .filter(partition -> partition.topic().equals(topic))
                        .count()));
        try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
            Map<TopicPartition, Long> begins = consumer.beginningOffsets(ends.keySet());
            Set<TopicPartition> left = new HashSet<>();
            Set<TopicPartition> unseen = new HashSet<>();
            ends.forEach((partition, end) -> {
                if (begins.getOrDefault(partition, 0L) > 0) {
                    unseen.add(partition);
                    retention.setFirstTimestamp(partition, Long.MAX_VALUE / 2);
                }
                if (begins.getOrDefault(partition, 0L) < end) {
                    left.add(partition);
                }
            });
            consumer.assign(left);
            consumer.seekToBeginning(left);
            long lastProgress = System.nanoTime();
            while (!left.isEmpty()) {
                ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
                for (ConsumerRecord<byte[], byte[]> record : records) {
                    TopicPartition partition = new TopicPartition(record.topic(), record.partition());
                    if (unseen.remove(partition)) {
                        retention.setFirstTimestamp(partition, record.timestamp());
                    }
                    if (record.offset() < ends.getOrDefault(partition, 0L)) {
                        reader.accept(record);
                    }
                }
                List<TopicPartition> done = left.stream()
                        .filter(partition -> consumer.position(partition) >= ends.getOrDefault(partition, 0L))
                        .toList();
                if (!records.isEmpty() || !done.isEmpty()) {
                    lastProgress = System.nanoTime();
                } else if (System.nanoTime() - lastProgress > STALL_TIMEOUT.toNanos()) {
                    throw unreachable(
                            bootstrapServers,
                            new KafkaException(
                                    "no record received from " + left + " for " + STALL_TIMEOUT.toSeconds() + " s"));
                }
                // Without the pause the consumer would go on fetching a finished partition while others are still read.
                consumer.pause(done);
                done.forEach(left::remove);
            }
        } catch (AuditException cause) {
            throw cause;
        } catch (KafkaException cause) {
            throw unreachable(bootstrapServers, cause);
        }
        return retention;
    }

    private KafkaConsumer<byte[], byte[]> consumer() {
        Properties settings = new Properties();
        settings.putAll(properties);
        settings.keySet().retainAll(ConsumerConfig.configNames());
        settings.putIfAbsent("default.api.timeout.ms", API_TIMEOUT_MS);
        settings.putIfAbsent("client.id", "lockstep-audit");
        // The auditor joins no consumer group, so it cannot disturb one.
        settings.remove("group.id");
        settings.put("enable.auto.commit", "false");
        settings.put("auto.offset.reset", "earliest");
        // Records of aborted transactions count as not sent, and no service reads them.
        settings.put("isolation.level", "read_committed");
        return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private static Properties forAdmin(Properties given) {
        Properties settings = new Properties();
        settings.putAll(given);
        settings.keySet().retainAll(AdminClientConfig.configNames());
        settings.putIfAbsent("default.api.timeout.ms", API_TIMEOUT_MS);
        settings.putIfAbsent("request.timeout.ms", "5000");
        settings.putIfAbsent("client.id", "lockstep-audit");
        return settings;
    }

    private static AuditException unreachable(String bootstrapServers, Throwable cause) {
        return new AuditException(
                "cannot read Kafka at %s (--kafka, --kafka-properties): %s"
                        .formatted(
                                bootstrapServers,
                                Optional.ofNullable(cause.getMessage()).orElse(cause.toString())),
                cause);
    }

    private static AuditException interrupted(InterruptedException cause) {
        Thread.currentThread().interrupt();
        return new AuditException("the audit was interrupted", cause);
    }

    @Override
    public void close() {
        admin.close(Duration.ofSeconds(5));
    }
}
