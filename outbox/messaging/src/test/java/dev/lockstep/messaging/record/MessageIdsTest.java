package dev.lockstep.messaging.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class MessageIdsTest {
    private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
    private final MessageIds ids = new MessageIds(Duration.ofDays(7));

    @Test
    void an_id_that_is_a_uuidv7_within_the_retention_is_taken_as_it_is() {
        UUID recent = version7(NOW.minus(Duration.ofDays(2)));

        assertThat(ids.of(record(5, recent.toString(), "/a", null), NOW)).isEqualTo(recent);
    }

    @Test
    void any_other_id_is_mapped_to_a_stable_uuidv7_per_source() {
        UUID once = ids.of(record(5, "42", "/a", "2026-11-22T00:00:00Z"), NOW);
        UUID again = ids.of(record(9, "42", "/a", "2026-11-22T00:00:00Z"), NOW.plusSeconds(3600));
        UUID elsewhere = ids.of(record(5, "42", "/b", "2026-11-22T00:00:00Z"), NOW);

        assertThat(once).isEqualTo(again).isNotEqualTo(elsewhere);
        assertThat(once.version()).isEqualTo(7);
        assertThat(once.variant()).isEqualTo(2);
    }

    @Test
    void a_record_without_an_id_is_identified_by_its_position() {
        assertThat(ids.of(record(5, null, "/a", null), NOW))
                .isEqualTo(ids.of(record(5, null, "/a", null), NOW))
                .isNotEqualTo(ids.of(record(6, null, "/a", null), NOW));
    }

    @Test
    void an_id_outside_the_retention_is_clamped_to_the_nearest_partition() {
        UUID old = ids.of(record(5, version7(NOW.minus(Duration.ofDays(400))).toString(), "/a", null), NOW);
        UUID ahead = ids.of(record(5, version7(NOW.plus(Duration.ofDays(400))).toString(), "/a", null), NOW);

        assertThat(time(old)).isEqualTo(Instant.parse("2026-11-16T00:00:00Z"));
        assertThat(time(ahead)).isEqualTo(Instant.parse("2026-11-25T00:00:00Z"));
    }

    @ParameterizedTest
    @CsvSource({"PT12H, 2026-11-23T06:00:00Z", "PT36H, 2026-11-23T06:00:00Z", "P7DT1H, 2026-11-23T00:30:00Z"})
    void an_id_within_a_retention_of_partial_days_is_kept(Duration retention, Instant now) {
        UUID oldest = version7(now.minus(retention));

        assertThat(new MessageIds(retention).of(record(5, oldest.toString(), "/a", null), now))
                .isEqualTo(oldest);
    }

    @Test
    void an_out_of_range_time_is_clamped_to_the_nearest_partition() {
        UUID never = ids.of(record(5, "42", "/a", "+300000000-01-01T00:00:00Z"), NOW);
        UUID always = ids.of(record(5, "42", "/a", "-300000000-01-01T00:00:00Z"), NOW);

        assertThat(time(never)).isEqualTo(Instant.parse("2026-11-25T00:00:00Z"));
        assertThat(time(always)).isEqualTo(Instant.parse("2026-11-16T00:00:00Z"));
    }

    @Test
    void a_message_that_names_itself_as_predecessor_has_none() {
        UUID own = version7(NOW);
        UUID other = version7(NOW.minusSeconds(1));

        assertThat(ids.previousId(following(own, own), NOW)).isNull();
        assertThat(ids.previousId(following(own, other), NOW)).isEqualTo(other);
    }

    private static ConsumerRecord<byte[], byte[]> following(UUID id, UUID previous) {
        ConsumerRecord<byte[], byte[]> record = record(5, id.toString(), "/a", null);
        record.headers().add("ce_previousid", previous.toString().getBytes(StandardCharsets.UTF_8));
        return record;
    }

    private static Instant time(UUID id) {
        return Instant.ofEpochMilli(id.getMostSignificantBits() >>> 16);
    }

    private static UUID version7(Instant at) {
        return new UUID((at.toEpochMilli() << 16) | 0x7123, 0x8000_0000_0000_0042L);
    }

    private static ConsumerRecord<byte[], byte[]> record(
            long offset, @Nullable String id, String source, @Nullable String time) {
        RecordHeaders headers = new RecordHeaders();
        headers.add("ce_source", source.getBytes(StandardCharsets.UTF_8));
        if (id != null) {
            headers.add("ce_id", id.getBytes(StandardCharsets.UTF_8));
        }
        if (time != null) {
            headers.add("ce_time", time.getBytes(StandardCharsets.UTF_8));
        }
        return new ConsumerRecord<>(
                "t",
                0,
                offset,
                NOW.toEpochMilli(),
                TimestampType.CREATE_TIME,
                -1,
                -1,
                new byte[0],
                new byte[0],
                headers,
                Optional.empty());
    }
}
