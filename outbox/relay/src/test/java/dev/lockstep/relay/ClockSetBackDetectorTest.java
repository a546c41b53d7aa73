package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class ClockSetBackDetectorTest {
    private long millis = 1_000;
    private final ClockSetBackDetector clock = new ClockSetBackDetector(() -> millis);

    @Test
    void a_clock_that_advances_or_stands_still_was_not_set_back() {
        assertThat(clock.wasSetBack()).isFalse();
        millis = 1_001;
        assertThat(clock.wasSetBack()).isFalse();
    }

    @Test
    void each_step_back_is_detected_once_even_if_the_clock_is_behind_for_long() {
        millis = 999;
        assertThat(clock.wasSetBack()).isTrue();
        millis = 1_500;
        assertThat(clock.wasSetBack()).isFalse();
        millis = 1_499;
        assertThat(clock.wasSetBack()).isTrue();
        assertThat(clock.wasSetBack()).isFalse();
    }
}
