package dev.lockstep.inventory.domain;

import java.util.List;

/** State of one order's reservation. Each state carries exactly the data that its next step needs. */
public sealed interface Reservation {
    /** No command was received for the order yet. */
    record Unseen() implements Reservation {}

    /** A decision was made for the order. It is stored, and sent again when a command is repeated. */
    sealed interface Decided extends Reservation {}

    /** All lines of the order are held, one line for each product. */
    record Held(List<HeldLine> lines, Money total) implements Decided {
        public Held {
            lines = List.copyOf(lines);
        }
    }

    /** Nothing is held, because the order could not be reserved in full. */
    record Rejected(RejectionReason reason) implements Decided {}

    /**
     * Nothing is held, and nothing will be held in the future. This state blocks a reservation command that arrives after its own release.
     */
    record Released() implements Decided {}
}
