package dev.lockstep.saga.domain;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The whole outcome of one event.
 *
 * @param deadline how long the new state may last, or null for as long as it likes. Relative on purpose: an absolute
 *     instant would need a clock, and deciding would stop being repeatable. A decision to stay that has none leaves
 *     the old deadline running.
 */
public record Decision(
        SagaState state,
        List<SagaCommand> commands,
        @Nullable Duration deadline) {
    public Decision {
        commands = List.copyOf(commands);
    }

    /** Whether anything about the saga is different from what it was in the state before, be it only its deadline. */
    public boolean changes(SagaState before) {
        return !state.equals(before) || deadline != null;
    }
}
