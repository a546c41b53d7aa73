package dev.lockstep.saga;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.runtime.SettingsException;
import dev.lockstep.saga.domain.SagaDeadlines;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class SagaConfigTest {
    private static final Map<String, String> REQUIRED = Map.of(
            "POSTGRES_URI", "postgresql://localhost:5432/sagas",
            "POSTGRES_USER", "saga",
            "POSTGRES_PASSWORD", "secret",
            "KAFKA_BOOTSTRAP_SERVERS", "localhost:9092");

    @Test
    void unset_settings_have_defaults() {
        SagaConfig config = SagaConfig.from(REQUIRED);

        assertThat(config.deadlines())
                .isEqualTo(new SagaDeadlines(
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(10)));
        assertThat(config.maxActive()).isEqualTo(4000);
        assertThat(config.sweepInterval()).isEqualTo(Duration.ofMillis(500));
        assertThat(config.retention()).isNull();
        assertThat(config.common().http().port()).isEqualTo(8083);
    }

    @Test
    void all_problems_are_reported_at_once() {
        Map<String, String> environment = new HashMap<>(REQUIRED);
        environment.put("SAGA_STOCK_DEADLINE", "soon");
        environment.put("SAGA_PAYMENT_DEADLINE", "PT0S");
        environment.put("SAGA_COMPENSATION_RETRY", "P366D");
        environment.put("SAGA_MAX_ACTIVE", "0");
        environment.put("SAGA_RETENTION", "P6D");
        environment.put("PEERS", "inventory");

        assertThatThrownBy(() -> SagaConfig.from(environment))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining(
                        "SAGA_STOCK_DEADLINE must be an ISO-8601 duration such as PT30S, but was \"soon\"")
                .hasMessageContaining("SAGA_PAYMENT_DEADLINE must be from PT0.001S to PT8760H, but was PT0S")
                .hasMessageContaining("SAGA_COMPENSATION_RETRY must be from PT0.001S to PT8760H, but was PT8784H")
                .hasMessageContaining("SAGA_MAX_ACTIVE must be at least 1, but was 0")
                .hasMessageContaining("SAGA_RETENTION must be from INBOX_RETENTION, which is PT168H, to PT876000H,"
                        + " or unset to keep all sagas, but was PT144H")
                .hasMessageContaining("PEERS must be a comma-separated list of name=http://host:port");
    }
}
