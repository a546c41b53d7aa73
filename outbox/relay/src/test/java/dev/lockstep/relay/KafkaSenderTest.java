package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@DisplayNameGeneration(ReplaceUnderscores.class)
@Timeout(30)
class KafkaSenderTest {
    private final MockProducer<byte[], byte[]> producer =
            new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer());
    private final RelayHealth health = new RelayHealth("orders_outbox", Duration.ofSeconds(15), System::nanoTime);
    private final KafkaSender sender = new KafkaSender(producer, "k:9092", health);

    @Test
    void an_acknowledged_record_is_waited_for() throws InterruptedException {
        // Given
        KafkaSender.Sent sent = sender.send("row 1", record());

        // When
        Thread broker = Thread.ofPlatform().start(producer::completeNext);
        sender.awaitAck(sent);

        // Then
        broker.join();
        assertThat(sent.acknowledgement()).isDone();
    }

    @Test
    void a_refused_record_is_named_and_nothing_leaves_after_it() throws InterruptedException {
        // Given
        KafkaSender.Sent first = sender.send("row 1", record());
        sender.send("row 2", record());

        // When
        producer.errorNext(new RecordTooLargeException("too large"));

        // Then
        String refusal = "outbox row 1 cannot be sent to topic orders: RecordTooLargeException: too large";
        assertThat(producer.closed()).isTrue();
        assertThat(health.problem()).contains(refusal);
        assertThatThrownBy(() -> sender.awaitAck(first)).hasMessage(refusal);
        assertThatThrownBy(() -> sender.send("row 3", record())).hasMessage(refusal);
    }

    @Test
    void closing_ends_the_wait_for_an_acknowledgement_that_does_not_come() throws InterruptedException {
        // Given
        KafkaSender.Sent sent = sender.send("row 1", record());

        // When
        Thread other = Thread.ofPlatform().start(sender::close);

        // Then
        assertThatThrownBy(() -> sender.awaitAck(sent)).hasMessage("the relay is being closed");
        other.join();
        assertThatThrownBy(() -> sender.send("row 2", record())).hasMessage("the relay is being closed");
    }

    private static ProducerRecord<byte[], byte[]> record() {
        return new ProducerRecord<>("orders", new byte[0]);
    }
}
