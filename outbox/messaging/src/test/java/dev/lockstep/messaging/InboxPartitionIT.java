package dev.lockstep.messaging;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.messaging.delivery.DecodedRecord;
import dev.lockstep.messaging.delivery.Inbox;
import dev.lockstep.messaging.delivery.MessageCodec;
import dev.lockstep.messaging.record.MessageIds;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every id that a message can get has a partition. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class InboxPartitionIT {
    @RegisterExtension
    final Fixture fixture = new Fixture();

    @ParameterizedTest
    @ValueSource(strings = {"1970-01-01T00:00:00Z", "9999-01-01T00:00:00Z"})
    void a_message_of_any_time_is_claimed_today_and_tomorrow_before_maintenance_has_run(String time) {
        MessageIds ids = new MessageIds(Duration.ofDays(7));
        Instant now = Instant.now();

        for (Instant when : List.of(now, now.plus(Duration.ofDays(1)))) {
            ConsumerRecord<byte[], byte[]> record = record(time);
            UUID id = ids.of(record, when);
            DecodedRecord<Fixture.Greeting> inbound =
                    DecodedRecord.decode(record, id, null, MessageCodec.of(Fixture.Greeting.class));
            assertThat(await(new Inbox().claim(fixture.pool, "group", List.of(inbound))))
                    .containsExactly(id);
        }
    }

    private static ConsumerRecord<byte[], byte[]> record(String time) {
        RecordHeaders headers = new RecordHeaders();
        headers.add("ce_id", UUID.randomUUID().toString().getBytes(StandardCharsets.UTF_8))
                .add("ce_time", time.getBytes(StandardCharsets.UTF_8));
        return new ConsumerRecord<>(
                "t",
                0,
                1,
                Instant.now().toEpochMilli(),
                TimestampType.CREATE_TIME,
                ConsumerRecord.NULL_SIZE,
                ConsumerRecord.NULL_SIZE,
                new byte[0],
                new byte[0],
                headers,
                Optional.empty());
    }
}
