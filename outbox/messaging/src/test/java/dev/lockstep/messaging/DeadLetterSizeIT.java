package dev.lockstep.messaging;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.messaging.deadletter.DeadLetterRoutes;
import dev.lockstep.messaging.deadletter.ReplayJobs;
import dev.lockstep.messaging.http.RouteAccess;
import dev.lockstep.messaging.record.Headers;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A compressed record may be larger than the records that Kafka accepts from the relay, which does not compress. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class DeadLetterSizeIT {
    private static final int MIB = 1024 * 1024;

    @RegisterExtension
    final Fixture fixture = Fixture.withTopic(1);

    private final String dlq = fixture.topic + ".dlq";
    private final DeadLetters deadLetters = new DeadLetters(fixture);
    private final ReplayJobs replays = new ReplayJobs(fixture.vertx, fixture.pool, Duration.ofDays(7), fixture.meters);
    private final TestApi api = new TestApi(
            fixture, router -> DeadLetterRoutes.mount(router, RouteAccess.OPEN, fixture.pool, fixture.reads, replays));

    @BeforeEach
    void createDeadLetterTopic() {
        fixture.createTopic(dlq, Map.of("max.message.bytes", Integer.toString(2 * MIB)));
    }

    @AfterEach
    void close() {
        replays.stop();
        api.close();
    }

    @Test
    void an_oversized_record_is_stored_whole_sent_to_the_dlq_without_its_value_and_blocks_nothing() throws Exception {
        ProducerRecord<byte[], byte[]> large = new ProducerRecord<>(fixture.topic, bytes("k"), filled(3 * MIB));
        large.headers().add("ce_type", bytes("Hello")).add("ce_id", bytes("large"));
        try (KafkaProducer<byte[], byte[]> gzip = producer(Map.of("compression.type", "gzip"))) {
            gzip.send(large).get(30, TimeUnit.SECONDS);
        }
        fixture.send("k", "Hello", "nonsense", "small");
        fixture.hello("k", "ann");

        fixture.consume(Fixture.greeter());
        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann"));

        assertThat(fixture.strings("""
                        SELECT encode(sha256(record_value), 'hex') = encode(sha256(repeat('x', 3145728)::bytea), 'hex')
                          FROM dead_letter ORDER BY "offset"
                        """)).containsExactly("true", "false");
        assertThat(relayed())
                .extracting(RelayedDeadLetter::summary)
                .containsExactly("null 3145728 large", "nonsense null small");
    }

    @Test
    void the_largest_whole_record_fits_with_its_dlq_headers() {
        deadLetters.insert(
                record(filled(1000), filled(MIB + MIB / 2 - 1000), new RecordHeaders()), "\u20ac".repeat(3_000));

        assertThat(relayed().getFirst().value()).hasSize(MIB + MIB / 2 - 1000);
    }

    @Test
    void oversized_keys_and_headers_are_omitted_too() {
        RecordHeaders headers = new RecordHeaders();
        headers.add("large", filled(3 * MIB));
        byte[] key = filled(3 * MIB);
        key[0] = (byte) 0xff;
        deadLetters.insert(record(key, filled(3 * MIB), headers), "too much of everything");

        RelayedDeadLetter deadLetter = relayed().getFirst();

        assertThat(deadLetter.headers())
                .containsEntry("dlq_reason", "HANDLER_FAILED")
                .containsEntry("dlq_key_omitted", "3145728")
                .containsEntry("dlq_headers_omitted", "3145743")
                .containsEntry("dlq_value_omitted", "3145728")
                .doesNotContainKeys("large", "dlq_key");
        assertThat(api.json(api.get("/dead-letters/" + deadLetters.id(1)))
                        .getJsonObject("headers")
                        .getString("large"))
                .hasSize(3 * MIB);
    }

    @Test
    void an_oversized_dead_letter_is_not_replayed_to_the_topic_and_blocks_no_other() {
        deadLetters.insert(record(bytes("k"), filled(MIB + MIB / 2), new RecordHeaders()), "large");
        deadLetters.insert(2, 3, 1);

        HttpResponse<String> refused = api.post("/dead-letters/" + deadLetters.id(1) + "/replay", "{\"to\":\"topic\"}");
        JsonObject preview =
                api.json(api.post("/dead-letters/replay", "{\"all\":true,\"to\":\"topic\",\"dryRun\":true}"));
        JsonObject job =
                api.json(api.post("/dead-letters/replay", "{\"all\":true,\"to\":\"topic\",\"ratePerSecond\":10000}"));

        assertThat(refused.statusCode()).isEqualTo(409);
        assertThat(refused.body()).contains("larger than 1048000 bytes");
        assertThat(preview.getLong("count")).isEqualTo(2);
        assertThat(preview.getLong("tooLarge")).isOne();
        assertThat(job.getLong("replayed")).isEqualTo(2);
        assertThat(job.getLong("remaining")).isZero();
        assertThat(job.getLong("tooLarge")).isOne();
        assertThat(deadLetters.open()).containsExactly("1");
    }

    @Test
    void the_largest_replayable_dead_letter_is_accepted_by_the_topic() throws Exception {
        RecordHeaders headers = new RecordHeaders();
        for (int i = 0; i < 1_000; i++) {
            headers.add("h", new byte[0]);
        }
        headers.add("ce_id", bytes("42"));
        int sizeOfHeaders = "[\"h\", \"\"], ".length() * 1_000 + "[[\"ce_id\", \"NDI=\"]]".length();
        deadLetters.insert(record(bytes("k"), filled(1_048_000 - 1 - sizeOfHeaders), headers), "large");
        deadLetters.insert(record(2, bytes("k"), filled(1_048_000 - sizeOfHeaders), headers), "larger by one byte");

        api.json(api.post("/dead-letters/" + deadLetters.id(1) + "/replay", "{\"to\":\"topic\"}"));

        assertThat(api.post("/dead-letters/" + deadLetters.id(2) + "/replay", "{\"to\":\"topic\"}")
                        .statusCode())
                .isEqualTo(409);
        try (KafkaProducer<byte[], byte[]> relay = producer(Map.of())) {
            for (Row row : outbox(fixture.topic)) {
                relay.send(relayed(row)).get(30, TimeUnit.SECONDS);
            }
        }
    }

    /** A dead letter as a consumer of its topic receives it. */
    private record RelayedDeadLetter(
            Map<String, String> headers, @Nullable String value) {
        String summary() {
            return value + " " + headers.get("dlq_value_omitted") + " " + headers.get("ce_id");
        }
    }

    /** Sends the rows as the relay does, uncompressed and one at a time. Returns the records that Kafka accepted. */
    private List<RelayedDeadLetter> relayed() {
        List<RelayedDeadLetter> taken = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> relay = producer(Map.of())) {
            for (Row row : outbox(dlq)) {
                ProducerRecord<byte[], byte[]> record = relayed(row);
                relay.send(record).get(30, TimeUnit.SECONDS);
                taken.add(new RelayedDeadLetter(
                        Headers.toDisplayMap(row.getJsonArray("headers")),
                        record.value() == null ? null : new String(record.value(), StandardCharsets.UTF_8)));
            }
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new IllegalStateException(e);
        }
        return taken;
    }

    private Iterable<Row> outbox(String topic) {
        return await(fixture.pool
                .query("SELECT topic, aggregateid, payload, headers FROM outbox WHERE topic = '" + topic
                        + "' ORDER BY id")
                .execute());
    }

    private static ProducerRecord<byte[], byte[]> relayed(Row row) {
        String key = row.getString("aggregateid");
        return new ProducerRecord<>(
                row.getString("topic"),
                null,
                key == null ? null : bytes(key),
                row.getBuffer("payload") == null
                        ? null
                        : row.getBuffer("payload").getBytes(),
                Headers.toKafka(row.getJsonArray("headers")));
    }

    private KafkaProducer<byte[], byte[]> producer(Map<String, Object> settings) {
        Map<String, Object> all =
                new HashMap<>(Map.of("bootstrap.servers", fixture.bootstrapServers(), "max.request.size", 4 * MIB));
        all.putAll(settings);
        return new KafkaProducer<>(all, new ByteArraySerializer(), new ByteArraySerializer());
    }

    private ConsumerRecord<byte[], byte[]> record(byte[] key, byte[] value, RecordHeaders headers) {
        return record(1, key, value, headers);
    }

    private ConsumerRecord<byte[], byte[]> record(long offset, byte[] key, byte[] value, RecordHeaders headers) {
        return new ConsumerRecord<>(
                fixture.topic,
                0,
                offset,
                Instant.now().toEpochMilli(),
                TimestampType.CREATE_TIME,
                ConsumerRecord.NULL_SIZE,
                ConsumerRecord.NULL_SIZE,
                key,
                value,
                headers,
                Optional.empty());
    }

    private static byte[] filled(int size) {
        byte[] all = new byte[size];
        Arrays.fill(all, (byte) 'x');
        return all;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
