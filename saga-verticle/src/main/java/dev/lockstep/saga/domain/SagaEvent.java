package dev.lockstep.saga.domain;

import java.util.List;

/**
 * An event that the saga reacts to: a new order, the customer's cancellation, a participant's reply, a passed deadline, or an operator's
 * action.
 */
public sealed interface SagaEvent {
    OrderId orderId();

    record OrderPlaced(OrderId orderId, String userId, List<OrderItem> items) implements SagaEvent {
        public OrderPlaced {
            items = List.copyOf(items);
        }
    }

    record CancelRequested(OrderId orderId) implements SagaEvent {}

    record StockReserved(OrderId orderId, Money total) implements SagaEvent {}

    record StockRejected(OrderId orderId, CancelReason reason) implements SagaEvent {}

    record StockReleased(OrderId orderId) implements SagaEvent {}

    record PaymentCharged(OrderId orderId, Money amount) implements SagaEvent {}

    record PaymentDeclined(OrderId orderId, DeclineReason reason) implements SagaEvent {}

    record PaymentRefunded(OrderId orderId) implements SagaEvent {}

    record OrderConfirmed(OrderId orderId) implements SagaEvent {}

    record OrderCancelled(OrderId orderId) implements SagaEvent {}

    record DeadlinePassed(OrderId orderId) implements SagaEvent {}

    /**
     * An operator's action on a saga that does not proceed by itself. Unlike an event from a message, it may be refused.
     */
    sealed interface OperatorAction extends SagaEvent {}

    /** Send the outstanding commands again. */
    record RetryRequested(OrderId orderId) implements OperatorAction {}

    /** Abort the order and undo its completed steps. */
    record CompensationRequested(OrderId orderId) implements OperatorAction {}

    /** Stop waiting for compensations that will never be acknowledged. */
    record AbandonRequested(OrderId orderId, String reason) implements OperatorAction {}
}
