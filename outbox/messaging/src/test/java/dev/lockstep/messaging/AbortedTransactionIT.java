package dev.lockstep.messaging;

import static dev.lockstep.messaging.Fixture.greeter;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.messaging.consumer.MessageConsumer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class AbortedTransactionIT {
    @RegisterExtension
    final Fixture fixture = Fixture.withTopic(1);

    private KafkaProducer<byte[], byte[]> transactional;

    @BeforeEach
    void open() {
        transactional = new KafkaProducer<>(
                Map.of("bootstrap.servers", fixture.bootstrapServers(), "transactional.id", fixture.group),
                new ByteArraySerializer(),
                new ByteArraySerializer());
        transactional.initTransactions();
    }

    @AfterEach
    void close() {
        transactional.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "read_uncommitted"})
    void records_of_an_aborted_transaction_are_skipped_and_later_committed_ones_are_applied(String setting) {
        aborted("ann", "bob");
        committed("cid");
        fixture.hello("k", "dan");

        fixture.consume(
                setting.isEmpty() ? fixture.options() : fixture.options(Map.of("isolation.level", setting)),
                greeter(),
                topic -> true);

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("cid", "dan"));
    }

    @Test
    void the_lag_reaches_zero_when_a_partition_ends_with_an_aborted_transaction() {
        MessageConsumer consumer = fixture.consume(greeter());
        committed("ann");
        aborted("bob", "cid");

        await().untilAsserted(() -> assertThat(fixture.committed()).isEqualTo(fixture.end(0)));
        await().untilAsserted(() -> assertThat(fixture.lag()).isZero());
        assertThat(fixture.greeted()).containsExactly("ann");
        assertThat(consumer.warning()).isEmpty();
    }

    @Test
    void records_behind_an_open_transaction_wait_and_a_warning_is_shown() {
        MessageConsumer consumer = fixture.consume(greeter());
        transactional.beginTransaction();
        var _ = transactional.send(record("ann"));
        transactional.flush();
        fixture.hello("k", "bob");

        await().untilAsserted(() -> assertThat(consumer.warning())
                .hasValueSatisfying(warning -> assertThat(warning)
                        .contains(fixture.topic + "-0 (lag 2 from offset 0")
                        .contains("behind an open transaction")));
        assertThat(fixture.greeted()).isEmpty();

        transactional.abortTransaction();

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("bob"));
        await().untilAsserted(() -> assertThat(consumer.warning()).isEmpty());
    }

    private void aborted(String... names) {
        transactional.beginTransaction();
        for (String name : names) {
            var _ = transactional.send(record(name));
        }
        transactional.flush();
        transactional.abortTransaction();
    }

    private void committed(String name) {
        transactional.beginTransaction();
        var _ = transactional.send(record(name));
        transactional.commitTransaction();
    }

    private ProducerRecord<byte[], byte[]> record(String name) {
        ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(
                fixture.topic,
                "k".getBytes(StandardCharsets.UTF_8),
                ("{\"name\":\"" + name + "\"}").getBytes(StandardCharsets.UTF_8));
        record.headers()
                .add("ce_type", "Hello".getBytes(StandardCharsets.UTF_8))
                .add("ce_id", UUID.randomUUID().toString().getBytes(StandardCharsets.UTF_8));
        return record;
    }
}
