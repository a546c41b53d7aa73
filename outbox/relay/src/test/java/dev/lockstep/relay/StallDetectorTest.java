package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class StallDetectorTest {
    private static final Duration NOT_LATE = Duration.ZERO;

    private long now = 1_000;
    private final StallDetector stall = new StallDetector(seconds(60), seconds(5), () -> now);

    @Test
    void an_engine_that_starts_slowly_is_not_stalled_while_it_makes_progress() {
        for (String step : new String[] {"connector started", "task started", "polling started", "slot acquired"}) {
            pass(50);
            assertThat(stall.isStalled(sinceStart(), false, NOT_LATE)).isFalse();
            stall.stepReached(step);
        }
        assertThat(stall.step()).isEqualTo("slot acquired");
    }

    @Test
    void a_start_that_hangs_is_detected() {
        stall.stepReached("task started");
        pass(59);
        assertThat(stall.isStalled(sinceStart(), false, NOT_LATE)).isFalse();
        pass(2);
        assertThat(stall.isStalled(sinceStart(), false, NOT_LATE)).isTrue();
    }

    @Test
    void an_engine_that_reads_from_the_slot_has_the_shorter_stall_timeout() {
        pass(100);
        assertThat(stall.isStalled(seconds(4), true, NOT_LATE)).isFalse();
        assertThat(stall.isStalled(seconds(6), true, NOT_LATE)).isTrue();
    }

    @Test
    void the_timeout_is_extended_by_the_timer_delay() {
        pass(100);
        assertThat(stall.isStalled(seconds(2), true, seconds(1))).isFalse();
        assertThat(stall.isStalled(seconds(8), true, seconds(1))).isFalse();
        assertThat(stall.isStalled(seconds(14), true, NOT_LATE)).isTrue();
    }

    @Test
    void progress_resets_the_timer_delay() {
        pass(100);
        assertThat(stall.isStalled(seconds(4), true, seconds(3))).isFalse();
        assertThat(stall.isStalled(seconds(0), true, NOT_LATE)).isFalse();
        assertThat(stall.isStalled(seconds(6), true, NOT_LATE)).isTrue();
    }

    private Duration sinceStart() {
        return Duration.ofNanos(now - 1_000);
    }

    private void pass(long seconds) {
        now += seconds(seconds).toNanos();
    }

    private static Duration seconds(long seconds) {
        return Duration.ofSeconds(seconds);
    }
}
