package dev.lockstep.messaging.consumer;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.testing.TestKafka;
import dev.lockstep.testing.TestResource;
import dev.lockstep.testing.TestServers;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.kafka.client.common.TopicPartition;
import io.vertx.kafka.client.consumer.KafkaConsumer;
import io.vertx.kafka.client.consumer.OffsetAndMetadata;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** A topic with two partitions, and consumers of Vert.x that read it as members of one group. */
final class VertxConsumers extends TestResource {
    // A poll ends before that as soon as there are records, or when the consumer is closed.
    private static final Duration UNTIL_RECORDS = Duration.ofMinutes(10);

    private final TestKafka kafka = new TestKafka();
    private final List<KafkaConsumer<byte[], byte[]>> members = new ArrayList<>();
    private final KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
            Map.of("bootstrap.servers", kafka.bootstrapServers()),
            new ByteArraySerializer(),
            new ByteArraySerializer());

    final Vertx vertx = Vertx.vertx();
    final Admin admin = kafka.admin();
    final String topic = TestServers.newName("vertx-consumer-");
    final String group = "group-of-" + topic;
    final TopicPartition partition0 = new TopicPartition(topic, 0);
    final TopicPartition partition1 = new TopicPartition(topic, 1);

    VertxConsumers() {
        kafka.createTopic(topic, 2);
    }

    /** A consumer that has not subscribed yet. Members get partitions in the order of their names. */
    KafkaConsumer<byte[], byte[]> member(String name) {
        return member(name, Map.of());
    }

    KafkaConsumer<byte[], byte[]> member(String name, Map<String, String> properties) {
        return member(KafkaConsumer.create(vertx, properties(name, properties)));
    }

    KafkaConsumer<byte[], byte[]> member(KafkaConsumer<byte[], byte[]> consumer) {
        members.add(consumer);
        return consumer;
    }

    Map<String, String> properties(String name, Map<String, String> more) {
        Map<String, String> properties = new HashMap<>(Map.of(
                "bootstrap.servers",
                kafka.bootstrapServers(),
                "group.id",
                group,
                "client.id",
                name,
                "auto.offset.reset",
                "earliest",
                "enable.auto.commit",
                "false",
                // Members learn of a rebalance by the answer to a heartbeat.
                "heartbeat.interval.ms",
                "200",
                "key.deserializer",
                ByteArrayDeserializer.class.getName(),
                "value.deserializer",
                ByteArrayDeserializer.class.getName()));
        properties.putAll(more);
        return properties;
    }

    void send(int partition) {
        try {
            producer.send(new ProducerRecord<>(topic, partition, null, new byte[] {1}))
                    .get(30, TimeUnit.SECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Subscribes and returns once the consumer is inside a poll, in which it has been assigned both partitions. The poll goes on. */
    Future<List<String>> subscribeAndPoll(KafkaConsumer<byte[], byte[]> consumer) {
        Promise<Set<TopicPartition>> assigned = Promise.promise();
        consumer.partitionsAssignedHandler(assigned::tryComplete);
        await(consumer.subscribe(topic));
        Future<List<String>> polling = poll(consumer);
        assertThat(await(assigned.future())).containsExactlyInAnyOrder(partition0, partition1);
        return polling;
    }

    static List<String> read(KafkaConsumer<byte[], byte[]> consumer) {
        return await(poll(consumer));
    }

    /** Completes with the partition and the offset of each record: {@code partition@offset}. */
    static Future<List<String>> poll(KafkaConsumer<byte[], byte[]> consumer) {
        return consumer.poll(UNTIL_RECORDS)
                .map(polled -> StreamSupport.stream(polled.records().spliterator(), false)
                        .map(record -> record.partition() + "@" + record.offset())
                        .toList());
    }

    /** Commits the next offset of partition 1. */
    Future<Void> commit(KafkaConsumer<byte[], byte[]> consumer, long next) {
        return consumer.commit(Map.of(partition1, new OffsetAndMetadata(next, "")))
                .mapEmpty();
    }

    /** The committed offset of partition 1. */
    long committedOffset() {
        return Objects.requireNonNull(
                        TestKafka.await(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata())
                                .get(kafkas(partition1)))
                .offset();
    }

    static org.apache.kafka.common.TopicPartition kafkas(TopicPartition partition) {
        return new org.apache.kafka.common.TopicPartition(partition.getTopic(), partition.getPartition());
    }

    @Override
    public void close() {
        members.forEach(consumer -> await(consumer.close()));
        producer.close();
        kafka.close();
        await(vertx.close());
    }
}
