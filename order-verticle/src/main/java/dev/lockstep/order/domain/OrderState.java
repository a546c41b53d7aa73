package dev.lockstep.order.domain;

/** Where one order stands. A state carries exactly what there is to say about it. */
public sealed interface OrderState {
    /** Accepted; the saga has not ended it yet. */
    record Pending() implements OrderState {}

    /** Accepted, but the customer was promised that it will be cancelled. Looks pending from outside. */
    record CancelRequested() implements OrderState {}

    /** Final: stock held, total paid. */
    record Confirmed(Money total) implements OrderState {}

    /** Final: off. */
    record Cancelled(CancelReason reason) implements OrderState {}

    default OrderStatus status() {
        return switch (this) {
            case Pending pending -> OrderStatus.PENDING;
            case CancelRequested promised -> OrderStatus.PENDING;
            case Confirmed confirmed -> OrderStatus.CONFIRMED;
            case Cancelled cancelled -> OrderStatus.CANCELLED;
        };
    }
}
