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
    void the_reason_that_prevents_starting_is_reported() {
        health.degraded("Postgres at db:5432: Connection refused");

        assertThat(health.problem())
                .contains("the relay of slot orders_outbox is starting: Postgres at db:5432: Connection refused");
    }

    @ParameterizedTest
    @EnumSource(names = {"STARTING", "STANDBY", "LEADING"})
    void a_recent_watermark_is_no_problem_in_any_role(Role role) {
        health.setRole(role);
        health.watermarkMoved(Duration.ofSeconds(1));

        now += Duration.ofSeconds(14).toNanos();

        assertThat(health.problem()).isEmpty();
    }

    @Test
    void an_old_watermark_is_reported_with_the_last_known_reason() {
        health.setRole(Role.LEADING);
        health.watermarkMoved(Duration.ZERO);
        health.degraded("Kafka at k:9092 has not acknowledged outbox row 1 for topic t for 15 s");

        now += Duration.ofSeconds(16).toNanos();

        assertThat(health.problem())
                .contains(
                        "the relay of slot orders_outbox is stalled: nothing was acknowledged for 16 s, while it holds the slot:"
                                + " Kafka at k:9092 has not acknowledged outbox row 1 for topic t for 15 s");
    }

    @Test
    void a_blocking_problem_is_reported_at_once_and_until_the_relay_is_healthy() {
        health.setRole(Role.LEADING);
        health.watermarkMoved(Duration.ZERO);

        health.blocked("outbox row 1 cannot be sent to topic t: RecordTooLargeException");

        assertThat(health.problem()).contains("outbox row 1 cannot be sent to topic t: RecordTooLargeException");
        health.healthy();
        assertThat(health.problem()).isEmpty();
    }

    @Test
    void a_closed_relay_is_a_problem() {
        health.watermarkMoved(Duration.ZERO);

        health.setRole(Role.CLOSED);

        assertThat(health.problem()).contains("the relay of slot orders_outbox is closed");
    }
}
