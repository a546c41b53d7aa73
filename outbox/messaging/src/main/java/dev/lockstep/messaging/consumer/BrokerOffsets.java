package dev.lockstep.messaging.consumer;

import dev.lockstep.messaging.delivery.ConsumerOptions;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;

/**
 * Reads from the broker where partitions begin and end, and which offsets a group has committed. Each method blocks for some seconds at
 * most, so it must not be called on an event loop. It fails with a {@link KafkaException} if the broker does not answer. Any thread may
 * call.
 */
final class BrokerOffsets implements AutoCloseable {
    private static final Duration CALL_TIMEOUT = Duration.ofSeconds(8);
    private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(4);

    private final ConsumerOptions options;
    private @Nullable Admin admin;
    private boolean closed;

    BrokerOffsets(ConsumerOptions options) {
        this.options = options;
    }

    /**
     * The offsets of a partition, as reported by the broker.
     *
     * @param topicId the id of the topic; a topic of the same name that is created later has another id
     * @param begin the offset of the oldest record
     * @param end one more than the offset of the newest record, including records of open and aborted transactions
     * @param committed the offset that the group has committed, or null if it has committed none
     */
    record PartitionLog(
            String topicId, long begin, long end, @Nullable Long committed) {
        /** Returns the number of records that the group has not committed. */
        long lag() {
            return Math.max(0, end - (committed == null ? begin : committed));
        }
    }

    /**
     * Returns every partition of those topics that exist. A partition without a leader is left out: a request for its offsets would time
     * out and delay all other partitions.
     */
    Map<TopicPartition, PartitionLog> read(Collection<String> topics) throws InterruptedException {
        Admin client = admin();
        Map<TopicPartition, String> topicIds = topicIds(client, topics);
        if (topicIds.isEmpty()) {
            return Map.of();
        }
        ListOffsetsResult begins = client.listOffsets(all(topicIds, OffsetSpec.earliest()));
        ListOffsetsResult ends = client.listOffsets(all(topicIds, OffsetSpec.latest()));
        KafkaFuture<Map<TopicPartition, OffsetAndMetadata>> committed = client.listConsumerGroupOffsets(
                        Map.of(options.group(), new ListConsumerGroupOffsetsSpec().topicPartitions(topicIds.keySet())))
                .partitionsToOffsetAndMetadata(options.group());
        Map<TopicPartition, OffsetAndMetadata> offsets = committed(committed);
        Map<TopicPartition, PartitionLog> logs = HashMap.newHashMap(topicIds.size());
        for (Map.Entry<TopicPartition, String> each : topicIds.entrySet()) {
            TopicPartition partition = each.getKey();
            OffsetAndMetadata offset = offsets.get(partition);
            logs.put(
                    partition,
                    new PartitionLog(
                            each.getValue(),
                            offset(begins, partition),
                            offset(ends, partition),
                            offset == null ? null : offset.offset()));
        }
        return logs;
    }

    /**
     * Returns the last stable offsets: a consumer that reads only committed records reads up to them. They are less than the end while a
     * transaction is open.
     */
    Map<TopicPartition, Long> lastStableOffsets(Collection<TopicPartition> partitions) throws InterruptedException {
        ListOffsetsResult ends = admin().listOffsets(
                        partitions.stream().collect(Collectors.toMap(Function.identity(), each -> OffsetSpec.latest())),
                        new ListOffsetsOptions(IsolationLevel.READ_COMMITTED));
        return offsets(ends, partitions);
    }

    /** Returns the offset of the first record of each partition with this timestamp or a later one; -1 if there is none. */
    Map<TopicPartition, Long> offsetsForTime(Collection<TopicPartition> partitions, long timestamp)
            throws InterruptedException {
        ListOffsetsResult found = admin().listOffsets(partitions.stream()
                .collect(Collectors.toMap(Function.identity(), each -> OffsetSpec.forTimestamp(timestamp))));
        return offsets(found, partitions);
    }

    private static Map<TopicPartition, Long> offsets(ListOffsetsResult found, Collection<TopicPartition> partitions)
            throws InterruptedException {
        Map<TopicPartition, Long> offsets = HashMap.newHashMap(partitions.size());
        for (TopicPartition partition : partitions) {
            offsets.put(partition, offset(found, partition));
        }
        return offsets;
    }

    private static Map<TopicPartition, String> topicIds(Admin client, Collection<String> topics)
            throws InterruptedException {
        Map<TopicPartition, String> topicIds = new HashMap<>();
        for (KafkaFuture<TopicDescription> described :
                client.describeTopics(topics).topicNameValues().values()) {
            try {
                TopicDescription topic = described.get();
                topic.partitions().stream()
                        .filter(partition -> partition.leader() != null
                                && !partition.leader().isEmpty())
                        .forEach(partition -> topicIds.put(
                                new TopicPartition(topic.name(), partition.partition()),
                                topic.topicId().toString()));
            } catch (ExecutionException failure) {
                if (!(failure.getCause() instanceof UnknownTopicOrPartitionException)) {
                    throw offsetLookupFailed(failure);
                }
            }
        }
        return topicIds;
    }

    private static Map<TopicPartition, OffsetSpec> all(Map<TopicPartition, String> partitions, OffsetSpec spec) {
        return partitions.keySet().stream().collect(Collectors.toMap(Function.identity(), each -> spec));
    }

    private static Map<TopicPartition, OffsetAndMetadata> committed(
            KafkaFuture<Map<TopicPartition, OffsetAndMetadata>> offsets) throws InterruptedException {
        try {
            return offsets.get();
        } catch (ExecutionException failure) {
            if (failure.getCause() instanceof GroupIdNotFoundException) {
                return Map.of();
            }
            throw offsetLookupFailed(failure);
        }
    }

    private static long offset(ListOffsetsResult offsets, TopicPartition partition) throws InterruptedException {
        try {
            return offsets.partitionResult(partition).get().offset();
        } catch (ExecutionException failure) {
            throw offsetLookupFailed(failure);
        }
    }

    private static KafkaException offsetLookupFailed(ExecutionException failure) {
        Throwable cause = failure.getCause() == null ? failure : failure.getCause();
        return new KafkaException("cannot read offsets from the broker: " + cause.getMessage(), cause);
    }

    // Not created in the constructor, because creation fails while no broker name can be resolved.
    private synchronized Admin admin() {
        if (closed) {
            throw new KafkaException("the admin client is closed");
        }
        if (admin == null) {
            Map<String, Object> settings = new HashMap<>(options.kafka());
            settings.keySet().retainAll(AdminClientConfig.configNames());
            settings.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) CALL_TIMEOUT.toMillis());
            settings.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, (int) REQUEST_TIMEOUT.toMillis());
            admin = Admin.create(settings);
        }
        return admin;
    }

    /** Fails the calls that are in progress. */
    @Override
    public synchronized void close() {
        closed = true;
        if (admin != null) {
            admin.close(Duration.ZERO);
        }
    }
}
