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
class SlotAlertLevelTest {
    private static final SlotLimits LIMITS = new SlotLimits(100, 1_000);

    @ParameterizedTest
    @CsvSource({
        "OK, 99, OK",
        "OK, 100, WARNING",
        "OK, 1000, CRITICAL",
        "WARNING, 80, WARNING",
        "WARNING, 79, OK",
        "WARNING, 1000, CRITICAL",
        "CRITICAL, 800, CRITICAL",
        "CRITICAL, 799, WARNING",
        "CRITICAL, 79, OK"
    })
    void levels_are_raised_at_their_limit_and_cleared_at_four_fifths_of_it(
            SlotAlertLevel before, long retained, SlotAlertLevel after) {
        assertThat(before.next(slot(null, retained, OptionalLong.empty(), OptionalLong.empty()), LIMITS))
                .isEqualTo(after);
    }

    @ParameterizedTest
    @CsvSource({"49, 51, OK", "50, 50, WARNING", "89, 11, WARNING", "90, 10, CRITICAL", "60, 9, CRITICAL"})
    void a_lower_max_slot_wal_keep_size_takes_precedence(long retained, long safe, SlotAlertLevel after) {
        assertThat(SlotAlertLevel.OK.next(
                        slot(null, retained, OptionalLong.of(safe), OptionalLong.of(100)),
                        new SlotLimits(1_000, 10_000)))
                .isEqualTo(after);
    }

    @Test
    void a_lost_slot_is_lost_at_once() {
        assertThat(SlotAlertLevel.OK.next(slot("wal_removed", 0, OptionalLong.empty(), OptionalLong.of(100)), LIMITS))
                .isEqualTo(SlotAlertLevel.LOST);
    }

    @Test
    void a_replaced_slot_is_ok_again() {
        assertThat(SlotAlertLevel.LOST.next(slot(null, 0, OptionalLong.of(100), OptionalLong.of(100)), LIMITS))
                .isEqualTo(SlotAlertLevel.OK);
    }

    private static SlotState slot(@Nullable String lostBecause, long retained, OptionalLong safe, OptionalLong keep) {
        return new SlotState("slot", "reserved", lostBecause, retained, safe, keep, Duration.ZERO);
    }
}
