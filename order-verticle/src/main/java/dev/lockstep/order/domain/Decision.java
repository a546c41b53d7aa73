package dev.lockstep.order.domain;

import java.util.List;

/**
 * The complete outcome of one command.
 *
 * @param state the new state of the order, or its previous state if the command changes nothing
 * @param events the events to publish; for a repeated command, the same events as before
 */
public record Decision(OrderState state, List<OrderEvent> events) {
    public Decision {
        events = List.copyOf(events);
    }

    static Decision of(OrderState state, OrderEvent... events) {
        return new Decision(state, List.of(events));
    }
}
