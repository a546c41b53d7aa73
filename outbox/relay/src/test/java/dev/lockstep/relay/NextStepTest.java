package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.relay.NextStep.AwaitKafka;
import dev.lockstep.relay.NextStep.AwaitRecovery;
import dev.lockstep.relay.NextStep.Blocked;
import dev.lockstep.relay.NextStep.Lead;
import dev.lockstep.relay.NextStep.Observation;
import dev.lockstep.relay.NextStep.Recover;
import dev.lockstep.relay.NextStep.StandBy;
import dev.lockstep.relay.SlotStore.SlotState;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class NextStepTest {
    private static final SlotState FREE = slot(false, null);
    private static final SlotState ACTIVE = slot(true, null);
    private static final SlotState LOST = slot(false, "wal_removed");
    private static final SlotState LOST_AND_ACTIVE = slot(true, "wal_removed");

    /** All combinations of what a relay can observe, with what follows from them. */
    static Stream<Object[]> observations() {
        return Stream.of(null, LOST, LOST_AND_ACTIVE, FREE, ACTIVE)
                .flatMap(slot -> Stream.of(null, "another database")
                        .flatMap(unusable -> Stream.of(true, false)
                                .flatMap(leased -> Stream.of(true, false).map(mayLead -> new Object[] {
                                    new Observation(slot, unusable, leased, mayLead),
                                    expected(slot, unusable, leased, mayLead)
                                }))));
    }

    private static NextStep expected(
            @Nullable SlotState slot, @Nullable String unusable, boolean leased, boolean mayLead) {
        boolean missing = slot == null || LOST.equals(slot) || LOST_AND_ACTIVE.equals(slot);
        if (missing && leased) {
            return new AwaitRecovery();
        }
        if (missing) {
            return new Recover();
        }
        if (unusable != null) {
            return new Blocked(unusable);
        }
        if (ACTIVE.equals(slot)) {
            return new StandBy();
        }
        return mayLead ? new Lead(FREE) : new AwaitKafka();
    }

    @ParameterizedTest
    @MethodSource("observations")
    void the_next_step_follows_from_what_was_observed(Observation seen, NextStep expected) {
        assertThat(NextStep.after(seen)).isEqualTo(expected);
    }

    private static SlotState slot(boolean active, @Nullable String invalidationReason) {
        return new SlotState(active, invalidationReason, true, "0/1", 0);
    }
}
