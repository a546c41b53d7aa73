package dev.lockstep.inventory.domain;

import java.util.List;

/**
 * The whole outcome of one command.
 *
 * @param reservation where the order stands now, which also is the answer
 * @param moved the products of which something was held or given back, as they are now
 */
public record Decision(Reservation.Decided reservation, List<Product> moved) {
    public Decision {
        moved = List.copyOf(moved);
    }
}
