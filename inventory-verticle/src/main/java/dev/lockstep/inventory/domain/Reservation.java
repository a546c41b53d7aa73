package dev.lockstep.inventory.domain;

import java.util.List;

/** Where one order stands with the stock. A state carries exactly the data its next step needs. */
public sealed interface Reservation {
    /** Nothing was ever asked for the order. */
    record Unseen() implements Reservation {}

    /** What was decided for an order: kept, and told again to whoever asks again. */
    sealed interface Decided extends Reservation {}

    /** All of the order's lines are held, one line a product. */
    record Held(List<HeldLine> lines, Money total) implements Decided {
        public Held {
            lines = List.copyOf(lines);
        }
    }

    /** Nothing is held, because not everything could be. */
    record Rejected(RejectionReason reason) implements Decided {}

    /** Nothing is held any more, and nothing will be: it bars a reservation that arrives after its own release. */
    record Released() implements Decided {}
}
