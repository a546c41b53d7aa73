package dev.lockstep.messaging;

import static dev.lockstep.messaging.Fixture.greeter;
import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.messaging.Fixture.Greeting;
import dev.lockstep.messaging.deadletter.DeadLetterStore;
import dev.lockstep.messaging.deadletter.DeadLetterStore.DeadLetter;
import dev.lockstep.messaging.delivery.DecodedRecord;
import dev.lockstep.messaging.delivery.MessageCodec;
import dev.lockstep.messaging.delivery.ParkRequest;
import dev.lockstep.messaging.delivery.ParkedMessageStore;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A recreated topic, or a new cluster, has records at positions for which the database has stored other records. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class RecreatedTopicIT {
    @RegisterExtension
    final Fixture fixture = Fixture.withTopic(1);

    private final ConsumerRecord<byte[], byte[]> before = recordAtFirstOffset();

    @Test
    void a_bad_record_at_the_position_of_an_older_dead_letter_becomes_one_too() {
        await(new DeadLetterStore(fixture.group)
                .add(
                        fixture.pool,
                        List.of(new DeadLetter(before, "HANDLER_FAILED", "before", null, 5, Instant.now()))));
        fixture.send("k", "Hello", "nonsense", "new");

        fixture.consume(greeter());

        await().untilAsserted(() -> assertThat(fixture.committed()).isEqualTo(1));
        assertThat(fixture.strings("SELECT \"offset\" || ' ' || reason FROM dead_letter ORDER BY id"))
                .containsExactly("0 HANDLER_FAILED", "0 NOT_JSON");
        assertThat(fixture.strings("SELECT topic FROM outbox"))
                .containsExactly(fixture.topic + ".dlq", fixture.topic + ".dlq");
    }

    @Test
    void a_message_parked_at_the_position_of_another_is_retried_independently() {
        DecodedRecord<Greeting> parked =
                DecodedRecord.decode(before, fixture.uuidv7(), null, MessageCodec.of(Greeting.class));
        await(new ParkedMessageStore(fixture.group)
                .park(fixture.pool, List.of(new ParkRequest(parked, 1, "before", Duration.ofHours(1), null))));
        AtomicBoolean broken = new AtomicBoolean(true);
        fixture.send("k", "Hello", "{\"name\":\"new\"}", "new");

        fixture.consume((tx, messages) -> {
            if (broken.getAndSet(false)) {
                throw new IllegalStateException("not now");
            }
            return greeter().handle(tx, messages);
        });

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("new"));
        assertThat(fixture.strings("SELECT error || ' ' || attempts || ' ' || starts FROM parked_message"))
                .containsExactly("before 1 0");
    }

    @Test
    void a_message_parked_from_a_partition_that_no_longer_exists_is_retried() {
        ConsumerRecord<byte[], byte[]> ofGonePartition = record(3);
        DecodedRecord<Greeting> parked =
                DecodedRecord.decode(ofGonePartition, fixture.uuidv7(), null, MessageCodec.of(Greeting.class));
        await(new ParkedMessageStore(fixture.group)
                .park(fixture.pool, List.of(new ParkRequest(parked, 1, "before", Duration.ZERO, null))));

        fixture.consume(greeter());

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("before"));
        assertThat(fixture.strings("SELECT error FROM parked_message")).isEmpty();
    }

    private ConsumerRecord<byte[], byte[]> recordAtFirstOffset() {
        return record(0);
    }

    private ConsumerRecord<byte[], byte[]> record(int partition) {
        RecordHeaders headers = new RecordHeaders();
        headers.add("ce_id", "before".getBytes(StandardCharsets.UTF_8))
                .add("ce_type", "Hello".getBytes(StandardCharsets.UTF_8));
        return new ConsumerRecord<>(
                fixture.topic,
                partition,
                0,
                Instant.now().toEpochMilli(),
                TimestampType.CREATE_TIME,
                ConsumerRecord.NULL_SIZE,
                ConsumerRecord.NULL_SIZE,
                "before".getBytes(StandardCharsets.UTF_8),
                "{\"name\":\"before\"}".getBytes(StandardCharsets.UTF_8),
                headers,
                Optional.empty());
    }
}
