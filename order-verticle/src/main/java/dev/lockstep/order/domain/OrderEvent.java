package dev.lockstep.order.domain;

/** An event that an order publishes after a command. */
public sealed interface OrderEvent {
    record CancelRequested() implements OrderEvent {}

    record Confirmed(Money total) implements OrderEvent {}

    record Cancelled(CancelReason reason) implements OrderEvent {}
}
