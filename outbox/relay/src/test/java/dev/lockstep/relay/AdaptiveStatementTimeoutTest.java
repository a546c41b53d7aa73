package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class AdaptiveStatementTimeoutTest {
    private final AdaptiveStatementTimeout limit = new AdaptiveStatementTimeout();

    @Test
    void the_timeout_doubles_until_a_statement_completes_in_time() {
        assertThat(limit.current()).isEqualTo(Duration.ofMinutes(1));

        limit.increase();
        limit.increase();
        assertThat(limit.current()).isEqualTo(Duration.ofMinutes(4));

        assertThat(limit.reset()).isTrue();
        assertThat(limit.reset()).isFalse();
        assertThat(limit.current()).isEqualTo(Duration.ofMinutes(1));
    }

    @Test
    void the_timeout_is_at_most_one_hour() {
        for (int i = 0; i < 100; i++) {
            limit.increase();
        }

        assertThat(limit.current()).isEqualTo(Duration.ofHours(1));
    }
}
