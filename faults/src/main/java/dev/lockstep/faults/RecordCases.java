package dev.lockstep.faults;

import dev.lockstep.faults.inside.Protection;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Records that come again, in another order, or that nobody can read. */
final class RecordCases {
    private static final List<String> TOPICS = List.of(
            "order.created",
            "order.cancel-requested",
            "order.commands",
            "order.confirmed",
            "order.cancelled",
            "inventory.commands",
            "inventory.updated",
            "payment.commands",
            "payment.updated");
    private static final List<String> COMMANDS = List.of("inventory.commands", "payment.commands", "order.commands");

    private RecordCases() {}

    static List<FaultCase> all() {
        return List.of(
                FaultCase.of(
                        "repeat-records",
                        "records of every topic delivered again, twice and out of order",
                        Protection.REPEATS,
                        RecordCases::repeat),
                new FaultCase(
                        "poison",
                        "garbage, oversized and unknown records on every topic, also under the keys of orders",
                        Protection.DEAD_LETTERS,
                        FaultCase.Where.SHARED,
                        true,
                        RecordCases::poison));
    }

    private static void repeat(Run run) {
        for (int round = 0; round < run.times(4, 2); round++) {
            run.pause(1_500, 2_500);
            List<ConsumerRecord<byte[], byte[]>> records = newest(run, 400);
            List<ConsumerRecord<byte[], byte[]>> twice = new ArrayList<>(records);
            twice.addAll(records);
            Collections.shuffle(twice, run.random());
            try (KafkaProducer<byte[], byte[]> producer = producer(run)) {
                for (ConsumerRecord<byte[], byte[]> record : twice) {
                    send(
                            producer,
                            new ProducerRecord<>(
                                    record.topic(),
                                    record.partition(),
                                    record.key(),
                                    record.value(),
                                    record.headers()));
                    run.injected();
                }
                producer.flush();
            }
        }
    }

    private static void poison(Run run) {
        List<String> orders = new ArrayList<>(run.load().accepted().keySet());
        try (KafkaProducer<byte[], byte[]> producer = producer(run)) {
            for (int round = 0; round < run.times(6, 2); round++) {
                for (String topic : COMMANDS) {
                    String key = run.random().nextBoolean() || orders.isEmpty()
                            ? "poison-" + run.random().nextInt(100)
                            : orders.get(run.random().nextInt(orders.size()));
                    send(producer, record(topic, key, "no JSON at all \u0000", "ReserveStock"));
                    send(producer, record(topic, key, "{\"orderId\":", "ChargePayment"));
                    send(producer, record(topic, key, "{\"orderId\":\"" + key + "\"}", "ReserveStock.v99"));
                    send(producer, record(topic, key, "\"" + "x".repeat(900_000) + "\"", "ConfirmOrder"));
                    send(producer, new ProducerRecord<>(topic, null, null));
                    for (int i = 0; i < 5; i++) {
                        run.injected();
                    }
                }
                producer.flush();
                run.pause(500, 1_500);
            }
        }
    }

    private static ProducerRecord<byte[], byte[]> record(String topic, String key, String value, String type) {
        RecordHeaders headers = new RecordHeaders();
        Map<String, String> attributes = new HashMap<>(Map.of(
                "ce_id",
                UUID.randomUUID().toString(),
                "ce_type",
                type,
                "ce_source",
                "/nobody",
                "ce_specversion",
                "1.0"));
        attributes.forEach((name, text) -> headers.add(name, text.getBytes(StandardCharsets.UTF_8)));
        return new ProducerRecord<>(
                topic, null, key.getBytes(StandardCharsets.UTF_8), value.getBytes(StandardCharsets.UTF_8), headers);
    }

    private static void send(KafkaProducer<byte[], byte[]> producer, ProducerRecord<byte[], byte[]> record) {
        var _ = producer.send(record, (metadata, failure) -> {
            if (failure != null) {
                throw new FaultsException("a record for " + record.topic() + " was refused", failure);
            }
        });
    }

    private static KafkaProducer<byte[], byte[]> producer(Run run) {
        return new KafkaProducer<>(
                Map.of("bootstrap.servers", run.stack().bootstrapServers(), "max.request.size", "1048576"),
                new ByteArraySerializer(),
                new ByteArraySerializer());
    }

    // So many of each partition.
    private static List<ConsumerRecord<byte[], byte[]>> newest(Run run, int most) {
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", run.stack().bootstrapServers()),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = TOPICS.stream()
                    .flatMap(topic -> consumer.partitionsFor(topic).stream())
                    .map(info -> new TopicPartition(info.topic(), info.partition()))
                    .toList();
            consumer.assign(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            ends.forEach((partition, end) -> consumer.seek(partition, Math.max(0, end - most / partitions.size())));
            List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                consumer.poll(Duration.ofMillis(200)).forEach(records::add);
            }
            return records;
        }
    }
}
