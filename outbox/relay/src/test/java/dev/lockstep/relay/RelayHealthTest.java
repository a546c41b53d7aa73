package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.relay.RelayHealth.Role;
import java.time.Duration;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class RelayHealthTest {
    private long now = Long.MAX_VALUE - 5;
    private final RelayHealth health = new RelayHealth("orders_outbox", Duration.ofSeconds(15), () -> now);

    @Test
    void before_anything_is_known_the_relay_is_starting() {
        assertThat(health.problem()).contains("the relay of slot orders_outbox is starting");
    }

    @Test
    void what_keeps_it_from_starting_is_told() {
        // When
        health.troubled("Postgres at db:5432: Connection refused");

        // Then
        assertThat(health.problem())
                .contains("the relay of slot orders_outbox is starting: Postgres at db:5432: Connection refused");
    }

    @ParameterizedTest
    @EnumSource(names = {"STARTING", "STANDBY", "LEADING"})
    void a_young_watermark_is_no_problem_whoever_moved_it(Role role) {
        // Given
        health.become(role);
        health.watermarkMoved(Duration.ofSeconds(1));

        // When
        now += Duration.ofSeconds(14).toNanos();

        // Then
        assertThat(health.problem()).isEmpty();
    }

    @Test
    void an_old_watermark_is_a_problem_with_its_last_known_reason() {
        // Given
        health.become(Role.LEADING);
        health.watermarkMoved(Duration.ZERO);
        health.troubled("Kafka at k:9092 has not acknowledged outbox row 1 for topic t for 15 s");

        // When
        now += Duration.ofSeconds(16).toNanos();

        // Then
        assertThat(health.problem())
                .contains(
                        "the relay of slot orders_outbox is stalled: nothing was acknowledged for 16 s, while it holds the slot:"
                                + " Kafka at k:9092 has not acknowledged outbox row 1 for topic t for 15 s");
    }

    @Test
    void what_only_a_person_can_mend_is_told_at_once_and_until_rows_flow_again() {
        // Given
        health.become(Role.LEADING);
        health.watermarkMoved(Duration.ZERO);

        // When
        health.blocked("outbox row 1 cannot be sent to topic t: RecordTooLargeException");

        // Then
        assertThat(health.problem()).contains("outbox row 1 cannot be sent to topic t: RecordTooLargeException");
        health.flows();
        assertThat(health.problem()).isEmpty();
    }

    @Test
    void a_closed_relay_is_a_problem() {
        // Given
        health.watermarkMoved(Duration.ZERO);

        // When
        health.become(Role.CLOSED);

        // Then
        assertThat(health.problem()).contains("the relay of slot orders_outbox is closed");
    }
}
