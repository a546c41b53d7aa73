package dev.lockstep.order.domain;

/** What an order has to say after a command. */
public sealed interface OrderEvent {
    record CancelRequested() implements OrderEvent {}

    record Confirmed(Money total) implements OrderEvent {}

    record Cancelled(CancelReason reason) implements OrderEvent {}
}
