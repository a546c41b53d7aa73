package dev.lockstep.relay;

import dev.lockstep.relay.SlotStore.SlotState;
import org.jspecify.annotations.Nullable;

/** The next step of a relay that has no task, decided from an {@link Observation} without I/O. */
sealed interface NextStep {
    /** The slot is missing or lost: create a new one, then send the pending rows from the table. */
    record Recover() implements NextStep {}

    /** Another relay is sending the pending rows from the table. */
    record AwaitRecovery() implements NextStep {}

    /** The slot cannot be used until an operator has acted. */
    record Blocked(String reason) implements NextStep {}

    /** Another relay leads. */
    record StandBy() implements NextStep {}

    /** This relay stepped down because Kafka did not answer it, and Kafka still does not. */
    record AwaitKafka() implements NextStep {}

    /** The slot is free. */
    record Lead(SlotState slot) implements NextStep {}

    /**
     * The state that the relay has read from Postgres and Kafka.
     *
     * @param slot null if the slot does not exist
     * @param unusableReason why a slot that exists cannot be used, null if it can
     * @param recoveryLeasedElsewhere whether another relay holds the lease for sending the pending rows. Matters only if the slot is missing
     *     or lost
     * @param mayLead false after this relay stepped down, until Kafka answers it. Matters only if the slot is free
     */
    record Observation(
            @Nullable SlotState slot,
            @Nullable String unusableReason,
            boolean recoveryLeasedElsewhere,
            boolean mayLead) {}

    static NextStep after(Observation seen) {
        SlotState slot = seen.slot();
        if (slot == null || slot.isLost()) {
            return seen.recoveryLeasedElsewhere() ? new AwaitRecovery() : new Recover();
        }
        String unusableReason = seen.unusableReason();
        if (unusableReason != null) {
            return new Blocked(unusableReason);
        }
        if (slot.active()) {
            return new StandBy();
        }
        return seen.mayLead() ? new Lead(slot) : new AwaitKafka();
    }
}
