package dev.lockstep.order.domain;

/** State of an order. Each state carries exactly the data that belongs to it. */
public sealed interface OrderState {
    /** Accepted; the saga has not finished yet. */
    record Pending() implements OrderState {}

    /** Accepted; the service has promised the customer to cancel it. Clients see it as {@code PENDING}. */
    record CancelRequested() implements OrderState {}

    /** Final: stock is held and the total is paid. */
    record Confirmed(Money total) implements OrderState {}

    /** Final: the order was cancelled. */
    record Cancelled(CancelReason reason) implements OrderState {}

    default OrderStatus status() {
        return switch (this) {
            case Pending pending -> OrderStatus.PENDING;
            case CancelRequested requested -> OrderStatus.PENDING;
            case Confirmed confirmed -> OrderStatus.CONFIRMED;
            case Cancelled cancelled -> OrderStatus.CANCELLED;
        };
    }
}
