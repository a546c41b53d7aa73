package dev.lockstep.inventory.domain;

import java.util.List;

/**
 * The complete outcome of one command.
 *
 * @param reservation the new state of the reservation, which is also sent as the reply
 * @param moved the products whose stock was reserved or released, in their new state
 */
public record Decision(Reservation.Decided reservation, List<Product> moved) {
    public Decision {
        moved = List.copyOf(moved);
    }
}
