package dev.lockstep.faults;

import dev.lockstep.faults.agent.Protection;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Records that are repeated, reordered or unreadable. */
final class RecordCases {
    // Types that the readers know, so that they get as far as the actual defect of a record.
    private static final Map<String, String> TYPES = Map.of(
            "order.created", "OrderCreated",
            "order.cancel-requested", "OrderCancelRequested",
            "order.commands", "ConfirmOrder",
            "order.confirmed", "OrderConfirmed",
            "order.cancelled", "OrderCancelled",
            "inventory.commands", "ReserveStock",
            "inventory.updated", "StockReserved",
            "payment.commands", "ChargePayment",
            "payment.updated", "PaymentCharged");
    static final List<String> TOPICS = TYPES.keySet().stream().sorted().toList();

    // About 400 records of the 54 partitions of a new system.
    static final int NEWEST_OF_A_PARTITION = 7;

    // Larger than a Postgres B-tree entry, and too random to be compressed into one.
    private static final int TOO_LONG = 3_000;

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
                        "unreadable, oversized, unknown and self-preceding records on every topic,"
                                + " some with keys of orders",
                        Protection.DEAD_LETTERS,
                        FaultCase.MachineType.SHARED,
                        true,
                        RecordCases::poison));
    }

    private static void repeat(CaseRun run) {
        for (int round = 0; round < run.times(4, 2); round++) {
            run.pause(1_500, 2_500);
            List<ConsumerRecord<byte[], byte[]>> records = readNewest(run, NEWEST_OF_A_PARTITION);
            List<ConsumerRecord<byte[], byte[]>> twice = new ArrayList<>(records);
            twice.addAll(records);
            Collections.shuffle(twice, run.random());
            send(
                    run,
                    twice.stream()
                            .map(record -> new ProducerRecord<>(
                                    record.topic(), record.partition(), record.key(), record.value(), record.headers()))
                            .toList());
        }
    }

    private static void poison(CaseRun run) {
        List<String> orders = new ArrayList<>(run.load().accepted().keySet());
        for (int round = 0; round < run.times(6, 2); round++) {
            List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
            for (String topic : TOPICS) {
                String stranger = "poison-" + run.random().nextInt(100);
                String key = run.random().nextBoolean() || orders.isEmpty()
                        ? stranger
                        : orders.get(run.random().nextInt(orders.size()));
                records.addAll(poison(topic, key, stranger, run.random()));
            }
            send(run, records);
            run.pause(500, 1_500);
        }
    }

    // Only unreadable records get the key of an order: each becomes a dead letter at once and blocks no key. The
    // readable record gets a key of its own, because it waits for itself and blocks its key.
    private static List<ProducerRecord<byte[], byte[]>> poison(
            String topic, String key, String stranger, Random random) {
        String type = Objects.requireNonNull(TYPES.get(topic));
        String itself = Uuids.version7(random).toString();
        return List.of(
                record(random, topic, bytes(key), "no JSON at all \u0000", Map.of("ce_type", type)),
                record(random, topic, bytes(key), "{\"orderId\":", Map.of("ce_type", type)),
                record(random, topic, bytes(key), "{\"orderId\":\"" + key + "\"}", Map.of("ce_type", type + ".v99")),
                record(random, topic, bytes(key), "\"" + "x".repeat(900_000) + "\"", Map.of("ce_type", type)),
                record(random, topic, bytes(key), "{}", Map.of("ce_type", incompressible(random))),
                record(
                        random,
                        topic,
                        bytes(key),
                        "no JSON",
                        Map.of(
                                "ce_type",
                                type,
                                "ce_id",
                                "poison " + random.nextLong(),
                                "ce_time",
                                "+300000000-01-01T00:00:00Z")),
                record(random, topic, bytes(incompressible(random)), "no JSON", Map.of("ce_type", type)),
                record(
                        random,
                        topic,
                        new byte[] {(byte) 0xc3, 0x28, (byte) 0xff, (byte) random.nextInt()},
                        "no JSON",
                        Map.of("ce_type", type)),
                record(
                        random,
                        topic,
                        bytes(stranger),
                        "{\"orderId\":\"" + stranger + "\"}",
                        Map.of("ce_type", "StockReleased", "ce_id", itself, "ce_previousid", itself)),
                new ProducerRecord<>(topic, null, null));
    }

    private static ProducerRecord<byte[], byte[]> record(
            Random random, String topic, byte[] key, String value, Map<String, String> special) {
        Map<String, String> attributes = new HashMap<>(Map.of(
                "ce_id", uuidV4(random).toString(),
                "ce_source", "/other",
                "ce_specversion", "1.0"));
        attributes.putAll(special);
        RecordHeaders headers = new RecordHeaders();
        attributes.forEach((name, text) -> headers.add(name, bytes(text)));
        return new ProducerRecord<>(topic, null, key, bytes(value), headers);
    }

    private static String incompressible(Random random) {
        return random.ints(TOO_LONG, 0, 62)
                .mapToObj("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"::charAt)
                .map(String::valueOf)
                .collect(Collectors.joining());
    }

    private static UUID uuidV4(Random random) {
        return new UUID((random.nextLong() & ~0xF000L) | 0x4000, (random.nextLong() >>> 2) | Long.MIN_VALUE);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    // Only records that Kafka accepted count as injected. A refused record fails the case.
    private static void send(CaseRun run, List<ProducerRecord<byte[], byte[]>> records) {
        try (KafkaProducer<byte[], byte[]> producer = producer(run)) {
            List<Future<RecordMetadata>> sends =
                    records.stream().map(producer::send).toList();
            producer.flush();
            for (Future<RecordMetadata> send : sends) {
                send.get();
                run.injected();
            }
        } catch (ExecutionException refused) {
            throw new FaultsException("Kafka refused a record: " + refused.getCause(), refused);
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            throw new FaultsException("interrupted", cause);
        }
    }

    static KafkaProducer<byte[], byte[]> producer(CaseRun run) {
        return new KafkaProducer<>(
                Map.of("bootstrap.servers", run.stack().bootstrapServers(), "max.request.size", "1048576"),
                new ByteArraySerializer(),
                new ByteArraySerializer());
    }

    /** Reads the newest records of every partition, up to this many of each. */
    static List<ConsumerRecord<byte[], byte[]>> readNewest(CaseRun run, int most) {
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
            ends.forEach((partition, end) -> consumer.seek(partition, Math.max(0, end - most)));
            List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                consumer.poll(Duration.ofMillis(200)).forEach(records::add);
            }
            return records;
        }
    }
}
