package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class RelayConfigTest {
    @Test
    void its_text_contains_no_secret() {
        assertThat(config("orders_outbox", Map.of("bootstrap.servers", "k:9092", "sasl.jaas.config", "kafka-secret"))
                        .toString())
                .contains("orders", "sasl.jaas.config")
                .doesNotContain("postgres-secret", "kafka-secret");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "Orders", "orders-outbox", "a23456789012345678901234567890123456789012345678901234567890"})
    void an_invalid_slot_name_is_rejected(String slot) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config(slot, Map.of("bootstrap.servers", "k:9092")))
                .withMessageContaining("\"" + slot + "\"");
    }

    @Test
    void bootstrap_servers_are_required() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config("orders_outbox", Map.of()))
                .withMessageContaining("bootstrap.servers");
    }

    @Test
    void settings_that_order_and_durability_depend_on_cannot_be_overridden() {
        Map<String, Object> settings = OutboxProducer.settings(config(
                "orders_outbox",
                Map.of(
                        "bootstrap.servers", "k:9092",
                        "acks", "0",
                        "enable.idempotence", "false",
                        "delivery.timeout.ms", "1000",
                        "retries", "0",
                        "max.in.flight.requests.per.connection", "100",
                        "transactional.id", "mine",
                        "linger.ms", "20",
                        "compression.type", "zstd")));

        assertThat(settings)
                .containsEntry("acks", "all")
                .containsEntry("enable.idempotence", "true")
                .containsEntry("delivery.timeout.ms", "2147483647")
                .containsEntry("retries", "2147483647")
                .containsEntry("max.in.flight.requests.per.connection", "1")
                .containsEntry("linger.ms", "20")
                .containsEntry("compression.type", "zstd")
                .doesNotContainKey("transactional.id");
    }

    private static RelayConfig config(String slot, Map<String, String> producer) {
        return new RelayConfig(
                new PostgresAccess("127.0.0.1", 5432, "orders", new PostgresRole("lockstep", "postgres-secret")),
                slot,
                "lockstep_outbox",
                "/order-service",
                producer,
                Duration.ofMillis(500),
                Duration.ofSeconds(15));
    }
}
