package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class StepLimitTest {
    private final StepLimit limit = new StepLimit();

    @Test
    void a_step_that_was_not_done_in_time_gets_twice_the_time_until_one_is() {
        assertThat(limit.now()).isEqualTo(Duration.ofMinutes(1));

        limit.exceeded();
        limit.exceeded();
        assertThat(limit.now()).isEqualTo(Duration.ofMinutes(4));

        assertThat(limit.kept()).isTrue();
        assertThat(limit.kept()).isFalse();
        assertThat(limit.now()).isEqualTo(Duration.ofMinutes(1));
    }

    @Test
    void no_step_gets_more_than_an_hour() {
        for (int i = 0; i < 100; i++) {
            limit.exceeded();
        }

        assertThat(limit.now()).isEqualTo(Duration.ofHours(1));
    }
}
