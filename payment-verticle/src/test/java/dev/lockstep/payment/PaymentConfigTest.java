package dev.lockstep.payment;

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
class PaymentConfigTest {
    private static final Map<String, String> REQUIRED = Map.of(
            "POSTGRES_URI", "postgresql://127.0.0.1:5432/payments",
            "POSTGRES_USER", "lockstep",
            "POSTGRES_PASSWORD", "secret",
            "KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092");

    @Test
    void unset_settings_have_defaults() {
        PaymentConfig config = PaymentConfig.from(REQUIRED);

        assertThat(config.common().http().port()).isEqualTo(8082);
        assertThat(config.ledgerCloseInterval()).isEqualTo(Duration.ofMinutes(1));
    }

    @Test
    void a_zero_interval_is_reported_with_its_setting() {
        Map<String, String> environment = new HashMap<>(REQUIRED);
        environment.put("LEDGER_CLOSE_INTERVAL", "PT0S");

        assertThatThrownBy(() -> PaymentConfig.from(environment))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("LEDGER_CLOSE_INTERVAL must be at least PT0.001S, but was PT0S");
    }
}
