package dev.lockstep.audit;

import dev.lockstep.testing.TestKafka;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/** The services' topics, initially empty, and the offsets of their consumers. */
final class Topics implements AutoCloseable {
    private static final int PARTITIONS = 2;

    private final TestKafka kafka = new TestKafka();
    private final KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
            Map.of("bootstrap.servers", kafka.bootstrapServers()),
            new ByteArraySerializer(),
            new ByteArraySerializer());
    private final Set<TopicPartition> partitions = new HashSet<>();

    Topics() {
        Set<String> existing = TestKafka.await(kafka.admin().listTopics().names());
        TestKafka.await(kafka.admin().deleteTopics(existing).all());
        for (String topic : ServiceRole.topics()) {
            kafka.createTopic(topic, PARTITIONS);
            for (int partition = 0; partition < PARTITIONS; partition++) {
                partitions.add(new TopicPartition(topic, partition));
            }
        }
    }

    String bootstrapServers() {
        return kafka.bootstrapServers();
    }

    /** Sends a record and waits for the acknowledgement. */
    void send(
            String topic,
            @Nullable Integer partition,
            @Nullable String key,
            String value,
            Map<String, String> headers) {
        ProducerRecord<byte[], byte[]> record =
                new ProducerRecord<>(topic, partition, key == null ? null : bytes(key), bytes(value));
        headers.forEach((name, text) -> record.headers().add(name, bytes(text)));
        try {
            producer.send(record).get();
        } catch (ExecutionException cause) {
            throw new IllegalStateException(cause);
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(cause);
        }
    }

    /** Sends a record in a transaction that is aborted. */
    void sendAborted(String topic, @Nullable String key, String value, Map<String, String> headers) {
        ProducerRecord<byte[], byte[]> record =
                new ProducerRecord<>(topic, null, key == null ? null : bytes(key), bytes(value));
        headers.forEach((name, text) -> record.headers().add(name, bytes(text)));
        try (KafkaProducer<byte[], byte[]> aborting = new KafkaProducer<>(
                Map.of("bootstrap.servers", kafka.bootstrapServers(), "transactional.id", "aborting"),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
            aborting.initTransactions();
            aborting.beginTransaction();
            var _ = aborting.send(record);
            aborting.flush();
            aborting.abortTransaction();
        }
    }

    /** Commits the end offsets for every consumer group. */
    void commitAll() {
        Map<TopicPartition, Long> ends = ends();
        for (ServiceRole role : ServiceRole.values()) {
            Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
            ends.forEach((partition, end) -> {
                if (role.consumedTopics().contains(partition.topic())) {
                    offsets.put(partition, new OffsetAndMetadata(end));
                }
            });
            TestKafka.await(kafka.admin()
                    .alterConsumerGroupOffsets(role.group(), offsets)
                    .all());
        }
    }

    /** Deletes all records, as retention would. */
    void expireAll() {
        Map<TopicPartition, RecordsToDelete> gone = new HashMap<>();
        ends().forEach((partition, end) -> gone.put(partition, RecordsToDelete.beforeOffset(end)));
        TestKafka.await(kafka.admin().deleteRecords(gone).all());
    }

    private Map<TopicPartition, Long> ends() {
        Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
        partitions.forEach(partition -> latest.put(partition, OffsetSpec.latest()));
        Map<TopicPartition, Long> ends = new HashMap<>();
        TestKafka.await(kafka.admin().listOffsets(latest).all())
                .forEach((partition, end) -> ends.put(partition, end.offset()));
        return ends;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        producer.close();
        kafka.close();
    }
}
