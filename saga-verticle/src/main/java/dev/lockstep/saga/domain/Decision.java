package dev.lockstep.saga.domain;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The complete outcome of one event.
 *
 * @param deadline how long the new state may last, or null for no limit. The deadline is relative: an absolute instant would need a
 *     clock, and decisions would no longer be repeatable. If the state stays the same and there is no deadline, the running deadline is
 *     kept.
 */
public record Decision(
        SagaState state,
        List<SagaCommand> commands,
        @Nullable Duration deadline) {
    public Decision {
        commands = List.copyOf(commands);
    }

    /** Whether the saga differs from the given previous state. A new deadline also counts as a change. */
    public boolean changes(SagaState before) {
        return !state.equals(before) || deadline != null;
    }
}
