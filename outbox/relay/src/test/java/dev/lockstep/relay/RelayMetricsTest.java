package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Instant;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class RelayMetricsTest {
    private final MeterRegistry meters = new SimpleMeterRegistry();
    private final RelayMetrics metrics = new RelayMetrics(meters, "orders", () -> 0);

    @ParameterizedTest
    @ValueSource(strings = {"lockstep.relay.slot.retained.bytes", "lockstep.relay.lag.seconds"})
    void leader_gauges_are_nan_in_a_former_leader(String gauge) {
        metrics.leading(true);
        metrics.retained(7);
        metrics.relayed(1, Instant.now());
        assertThat(meters.get(gauge).gauge().value()).isNotNaN();

        metrics.leading(false);

        assertThat(meters.get(gauge).gauge().value()).isNaN();
    }

    @Test
    void rows_that_kafka_did_not_acknowledge_change_neither_the_count_nor_the_lag() {
        // Given
        metrics.relayed(2, Instant.EPOCH);

        // When
        metrics.relayed(0, null);

        // Then
        assertThat(meters.get("lockstep.relay.rows").counter().count()).isEqualTo(2);
        assertThat(meters.get("lockstep.relay.lag.seconds").gauge().value()).isGreaterThan(1e9);
    }
}
