package dev.lockstep.faults;

import dev.lockstep.faults.MessageShapes.Shape;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;

/**
 * Generates records that no service writes, by changing real records or by breaking a rule in a generated message. None of them may have
 * an effect, so that the system can be audited afterwards: each one is unreadable, breaks a rule, contradicts its reader's state, or
 * repeats a real record in an odd envelope. Depends on the random numbers alone.
 */
final class RecordFuzzer {
    /** The reasons for which a service makes a dead letter of an invalid record. */
    private static final Set<String> INVALID_REASONS = Set.of("INVALID", "NOT_JSON", "UNKNOWN_TYPE", "MISSING_TYPE");

    private static final Set<String> CONFLICT_REASONS = Set.of("UNEXPECTED_EVENT");

    /**
     * A record and its expected outcome.
     *
     * @param reasons the dead letter must have one of these reasons; empty if the record has to be ignored
     */
    record FuzzedRecord(ProducerRecord<byte[], byte[]> record, Set<String> reasons) {}

    private static final List<String> ODD_TEXTS = List.of(
            "",
            " ",
            "\0",
            "a\0b",
            "x\n1970-01-01T00:00:00.000Z ERROR dev.lockstep.Forged everything is lost",
            "x\r\nX: y",
            "\u001b[2J\u001b[31mred",
            "\u0085\u009b31m",
            "\u2028\u2029",
            "\u202Eesrever\u2066",
            "\uFEFF",
            "%00",
            "${jndi:ldap://127.0.0.1/x}",
            "'; DROP TABLE orders; --",
            "x".repeat(3_000),
            "-1",
            "9223372036854775808",
            "NaN");

    private final Random random;
    private final MessageShapes shapes;
    private final List<ConsumerRecord<byte[], byte[]>> real;

    /** @param real records that the services have written, at least one */
    RecordFuzzer(Random random, List<ConsumerRecord<byte[], byte[]>> real) {
        this.random = random;
        this.shapes = new MessageShapes(random);
        this.real = List.copyOf(real);
    }

    FuzzedRecord next() {
        return switch (random.nextInt(20)) {
            case 0, 1, 2, 3, 4, 5, 6, 7 -> brokenMember();
            case 8, 9, 10 -> brokenJson();
            case 11, 12, 13 -> wrongKey();
            case 14, 15, 16 -> oddType();
            case 17, 18 -> repeat();
            default -> unknownOrder();
        };
    }

    /** A message that breaks one rule, under the key of a real order. */
    private FuzzedRecord brokenMember() {
        Shape shape = shapes.any();
        String key = realKey();
        return new FuzzedRecord(record(shape, key, bytes(shapes.invalid(shape, key)), Map.of()), INVALID_REASONS);
    }

    /** A message whose value is not JSON, or is JSON that the services do not accept. */
    private FuzzedRecord brokenJson() {
        Shape shape = shapes.any();
        String key = realKey();
        String json = shapes.valid(shape, key);
        byte[] value = switch (random.nextInt(14)) {
            case 0 -> bytes(json.substring(0, random.nextInt(json.length() - 1)));
            case 1 -> bytes(json + any(List.of("x", "{}", ",", "\0", "]")));
            case 2 -> bytes("\uFEFF" + json);
            case 3 -> json.getBytes(StandardCharsets.UTF_16);
            case 4 -> bytes("[".repeat(1 + random.nextInt(50_000)));
            case 5 -> bytes(any(List.of("null", "true", "3", "\"text\"", "[]", "[" + json + "]", "NaN", "1e400")));
            case 6 -> bytes("{\"a\":1,\"a\":2," + json.substring(1));
            case 7 -> bytes("{\"later\":" + "[".repeat(2_000) + "]".repeat(2_000) + "," + json.substring(1));
            case 8 -> bytes("{\"later\":" + "9".repeat(5_000) + "," + json.substring(1));
            case 9 -> bytes(json.replace('"', '\''));
            case 10 -> garbage(1 + random.nextInt(2_000));
            case 11 -> bytes("\"" + "x".repeat(random.nextInt(100_000)) + "\"");
            case 12 -> new byte[0];
            default ->
                bytes("{\"orderId\":" + any(List.of("nul", "tru", "01", "+1", ".5", "0x1", "\"\\x\"", "\"\t\"")));
        };
        return new FuzzedRecord(record(shape, key, value, Map.of()), INVALID_REASONS);
    }

    /** A real record with up to five bits flipped, under a key that is not its order's. */
    private FuzzedRecord wrongKey() {
        ConsumerRecord<byte[], byte[]> origin = any(real);
        byte[] value = origin.value() == null ? new byte[0] : origin.value().clone();
        for (int flips = random.nextInt(6); flips > 0 && value.length > 0; flips--) {
            value[random.nextInt(value.length)] ^= (byte) (1 << random.nextInt(8));
        }
        byte @Nullable [] key = switch (random.nextInt(6)) {
            case 0 -> null;
            case 1 -> new byte[0];
            case 2 -> garbage(1 + random.nextInt(200));
            case 3 -> bytes("fuzz\0" + random.nextInt());
            case 4 -> bytes(oddText() + random.nextInt());
            default -> bytes("fuzz-" + random.nextInt(1_000));
        };
        // The record must not claim to come from a service, or the auditor would look for its outbox row.
        RecordHeaders headers = new RecordHeaders(headersOf(origin, "ce_id", "ce_previousid", "ce_source"));
        headers.add("ce_id", bytes(anyId())).add("ce_source", bytes("/fuzz"));
        return new FuzzedRecord(
                new ProducerRecord<>(origin.topic(), null, timestamp(), key, value, headers), INVALID_REASONS);
    }

    private FuzzedRecord oddType() {
        Shape shape = shapes.any();
        String key = random.nextBoolean() ? realKey() : oddText();
        byte[] value = random.nextBoolean() ? bytes(shapes.valid(shape, key)) : garbage(random.nextInt(100));
        ProducerRecord<byte[], byte[]> record = record(shape, key, value, Map.of());
        record.headers().remove("ce_type");
        switch (random.nextInt(4)) {
            case 0 -> {}
            case 1 -> record.headers().add("ce_type", garbage(1 + random.nextInt(50)));
            case 2 -> record.headers().add("ce_type", bytes(shape.type() + oddText() + "."));
            default -> record.headers().add("ce_type", bytes(oddText()));
        }
        return new FuzzedRecord(record, INVALID_REASONS);
    }

    /** An unchanged repeat of a real record, in an envelope with odd headers. */
    private FuzzedRecord repeat() {
        ConsumerRecord<byte[], byte[]> origin = any(real);
        Map<String, byte[]> odd = new HashMap<>();
        for (String header : List.of(
                "traceparent",
                "ce_time",
                "ce_subject",
                "ce_source",
                "ce_specversion",
                "content-type",
                "ce_sequence",
                "ce_previousid")) {
            if (random.nextInt(3) == 0) {
                odd.put(header, random.nextInt(4) == 0 ? garbage(random.nextInt(300)) : bytes(oddText()));
            }
        }
        RecordHeaders headers = new RecordHeaders(headersOf(origin, odd.keySet().toArray(String[]::new)));
        odd.forEach(headers::add);
        for (int more = random.nextInt(3); more > 0; more--) {
            headers.add("odd" + oddText(), garbage(random.nextInt(500)));
        }
        return new FuzzedRecord(
                new ProducerRecord<>(
                        origin.topic(), origin.partition(), timestamp(), origin.key(), origin.value(), headers),
                Set.of());
    }

    /** A valid message for an order that its reader does not know. */
    private FuzzedRecord unknownOrder() {
        Shape shape = shapes.anyRejectedForUnknownOrder();
        String key = "fuzz-" + new UUID(random.nextLong(), random.nextLong());
        return new FuzzedRecord(
                record(shape, key, bytes(shapes.valid(shape, key)), Map.of("ce_id", bytes(shapes.uuidV7()))),
                CONFLICT_REASONS);
    }

    private ProducerRecord<byte[], byte[]> record(Shape shape, String key, byte[] value, Map<String, byte[]> special) {
        Map<String, byte[]> attributes = new LinkedHashMap<>();
        attributes.put("ce_type", bytes(shape.type()));
        attributes.put("ce_id", bytes(anyId()));
        attributes.put("ce_source", bytes(random.nextInt(3) == 0 ? oddText() : "/fuzz"));
        attributes.put(
                "ce_time",
                bytes(any(List.of("2026-11-29T12:00:00Z", "+999999999-12-31T23:59:59Z", "yesterday", "\0", ""))));
        if (random.nextInt(4) == 0) {
            attributes.put("traceparent", random.nextBoolean() ? bytes(oddText()) : garbage(60));
        }
        attributes.putAll(special);
        RecordHeaders headers = new RecordHeaders();
        attributes.forEach(headers::add);
        return new ProducerRecord<>(shape.topic(), null, timestamp(), bytes(key), value, headers);
    }

    private String anyId() {
        return switch (random.nextInt(5)) {
            case 0 -> oddText();
            case 1 -> "fuzz " + random.nextLong();
            case 2 ->
                new UUID((random.nextLong() & ~0xF000L) | 0x7000, (random.nextLong() >>> 2) | Long.MIN_VALUE)
                        .toString();
            default -> shapes.uuidV7();
        };
    }

    // At most half an hour off: Kafka refuses timestamps more than an hour ahead.
    private long timestamp() {
        return switch (random.nextInt(10)) {
            case 0 -> System.currentTimeMillis() + random.nextInt(1_800_000);
            case 1 -> System.currentTimeMillis() - random.nextInt(1_800_000);
            default -> System.currentTimeMillis();
        };
    }

    private String realKey() {
        byte[] key = any(real).key();
        return key == null ? "fuzz-no-key" : new String(key, StandardCharsets.UTF_8);
    }

    private byte[] garbage(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        // The first byte guarantees that this is neither JSON nor the name of a type.
        if (length > 0) {
            bytes[0] = (byte) 0xff;
        }
        return bytes;
    }

    private static List<Header> headersOf(ConsumerRecord<byte[], byte[]> record, String... without) {
        Set<String> left = Set.of(without);
        List<Header> all = new ArrayList<>();
        record.headers().forEach(header -> {
            if (!left.contains(header.key())) {
                all.add(header);
            }
        });
        return all;
    }

    private String oddText() {
        return random.nextInt(300) == 0 ? "x".repeat(100_000) : any(ODD_TEXTS);
    }

    private <T> T any(List<T> all) {
        return all.get(random.nextInt(all.size()));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
