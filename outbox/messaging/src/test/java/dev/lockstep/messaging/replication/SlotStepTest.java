package dev.lockstep.messaging.replication;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class SlotStepTest {
    private static final SlotLimits LIMITS = new SlotLimits(100, 1_000);

    @ParameterizedTest
    @CsvSource({
        "FINE, 99, FINE",
        "FINE, 100, WARN",
        "FINE, 1000, REFUSE",
        "WARN, 80, WARN",
        "WARN, 79, FINE",
        "WARN, 1000, REFUSE",
        "REFUSE, 800, REFUSE",
        "REFUSE, 799, WARN",
        "REFUSE, 79, FINE"
    })
    void steps_come_at_their_limit_and_go_at_four_fifths_of_it(SlotStep before, long retained, SlotStep after) {
        assertThat(before.next(slot(null, retained, OptionalLong.empty(), OptionalLong.empty()), LIMITS))
                .isEqualTo(after);
    }

    @ParameterizedTest
    @CsvSource({"49, 51, FINE", "50, 50, WARN", "89, 11, WARN", "90, 10, REFUSE", "60, 9, REFUSE"})
    void where_postgres_would_give_the_slot_up_sooner_that_counts(long retained, long safe, SlotStep after) {
        assertThat(SlotStep.FINE.next(
                        slot(null, retained, OptionalLong.of(safe), OptionalLong.of(100)),
                        new SlotLimits(1_000, 10_000)))
                .isEqualTo(after);
    }

    @Test
    void a_lost_slot_keeps_nothing_and_is_lost_at_once() {
        assertThat(SlotStep.FINE.next(slot("wal_removed", 0, OptionalLong.empty(), OptionalLong.of(100)), LIMITS))
                .isEqualTo(SlotStep.LOST);
    }

    @Test
    void a_slot_that_was_replaced_is_fine_again() {
        assertThat(SlotStep.LOST.next(slot(null, 0, OptionalLong.of(100), OptionalLong.of(100)), LIMITS))
                .isEqualTo(SlotStep.FINE);
    }

    private static SlotState slot(@Nullable String lostBecause, long retained, OptionalLong safe, OptionalLong keep) {
        return new SlotState("slot", "reserved", lostBecause, retained, safe, keep, Duration.ZERO);
    }
}
