package dev.lockstep.relay;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/** Reads all messages of a topic from its beginning. */
final class TopicReader implements AutoCloseable {
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final List<Message> messages = new ArrayList<>();
    private final List<String> payloads = new ArrayList<>();

    /** A record as text. Messages of one partition are in the order of their offsets. */
    record Message(@Nullable String key, @Nullable String value, Map<String, String> headers) {
        String id() {
            return headers.getOrDefault("ce_id", "");
        }
    }

    TopicReader(String bootstrapServers, String topic) {
        consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", bootstrapServers),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
        // A topic that was just created may not have partitions yet.
        OutboxFixture.await().until(() -> !consumer.partitionsFor(topic).isEmpty());
        List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                .map(partition -> new TopicPartition(partition.topic(), partition.partition()))
                .toList();
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
    }

    /** Reads until the messages read so far satisfy the condition. */
    List<Message> readUntil(Predicate<List<Message>> enough) {
        OutboxFixture.await().until(() -> {
            poll(Duration.ofMillis(100));
            return enough.test(messages);
        });
        return List.copyOf(messages);
    }

    /** Reads all messages that the topic contains now. */
    List<Message> readAll() {
        Map<TopicPartition, Long> ends = consumer.endOffsets(consumer.assignment());
        while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
            poll(Duration.ofMillis(100));
        }
        return List.copyOf(messages);
    }

    /** Returns the value of each message read so far in hexadecimal digits, because not every value is text. */
    List<String> payloads() {
        return List.copyOf(payloads);
    }

    static List<String> values(List<Message> messages) {
        return messages.stream().map(message -> String.valueOf(message.value())).toList();
    }

    /** Returns the values that a consumer would process if it handles each id once, by key and in order. */
    static Map<String, List<String>> firstValuesByKey(List<Message> messages) {
        Set<String> seen = new HashSet<>();
        return messages.stream()
                .filter(message -> seen.add(message.id()))
                .collect(Collectors.groupingBy(
                        message -> String.valueOf(message.key()),
                        Collectors.mapping(message -> String.valueOf(message.value()), Collectors.toList())));
    }

    private void poll(Duration timeout) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(timeout)) {
            payloads.add(record.value() == null ? "" : HexFormat.of().formatHex(record.value()));
            messages.add(new Message(text(record.key()), text(record.value()), headers(record)));
        }
    }

    private static Map<String, String> headers(ConsumerRecord<byte[], byte[]> record) {
        Map<String, String> headers = new LinkedHashMap<>();
        for (Header header : record.headers()) {
            headers.put(header.key(), String.valueOf(text(header.value())));
        }
        return headers;
    }

    private static @Nullable String text(byte @Nullable [] bytes) {
        return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        consumer.close();
    }
}
