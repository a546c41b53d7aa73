package dev.lockstep.order;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.runtime.SettingsException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class OrderConfigTest {
    private static final Map<String, String> REQUIRED = Map.of(
            "POSTGRES_URI", "postgresql://127.0.0.1:5432/orders",
            "POSTGRES_USER", "orders",
            "POSTGRES_PASSWORD", "secret",
            "KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092");

    @Test
    void the_group_commit_has_defaults() {
        OrderConfig config = OrderConfig.from(REQUIRED);

        assertThat(config)
                .isEqualTo(new OrderConfig(
                        config.common(),
                        config.peers(),
                        4,
                        128,
                        10_000,
                        Duration.ofSeconds(10),
                        Duration.ofMinutes(2)));
        assertThat(config.common().http().port()).isEqualTo(8080);
        assertThat(config.common().service()).isEqualTo("order-service");
    }

    @Test
    void all_problems_are_reported_at_once() {
        Map<String, String> environment = new HashMap<>(REQUIRED);
        environment.put("ORDER_INTAKE_CONNECTIONS", "0");
        environment.put("ORDER_INTAKE_BATCH", "many");
        environment.put("ORDER_INTAKE_QUEUE", "-1");
        environment.put("ORDER_INTAKE_PATIENCE", "PT0.0009S");
        environment.put("ORDER_PENDING_WARNING_AFTER", "-PT1S");

        assertThatThrownBy(() -> OrderConfig.from(environment))
                .isInstanceOf(SettingsException.class)
                .hasMessageContainingAll(
                        "ORDER_INTAKE_CONNECTIONS must be at least 1, but was 0",
                        "ORDER_INTAKE_BATCH must be a whole number, but was \"many\"",
                        "ORDER_INTAKE_QUEUE must be at least 1, but was -1",
                        "ORDER_INTAKE_PATIENCE must be at least PT0.001S, but was PT0.0009S",
                        "ORDER_PENDING_WARNING_AFTER must be at least PT0.001S, but was PT-1S");
    }
}
