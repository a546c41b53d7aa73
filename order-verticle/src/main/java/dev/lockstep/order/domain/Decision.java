package dev.lockstep.order.domain;

import java.util.List;

/**
 * The whole outcome of one command.
 *
 * @param state where the order stands now, which may be where it stood before
 * @param events what the other services are to be told, which may be what they were told before
 */
public record Decision(OrderState state, List<OrderEvent> events) {
    public Decision {
        events = List.copyOf(events);
    }

    static Decision of(OrderState state, OrderEvent... events) {
        return new Decision(state, List.of(events));
    }
}
