package dev.lockstep.saga.domain;

import java.util.List;

/**
 * What the saga learns: an order, its customer's change of mind, a participant's reply, its own deadline passing, or what an
 * operator wants done.
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

    /** What an operator does when nobody else will. Unlike a message it never comes by itself, and may be refused. */
    sealed interface OperatorAction extends SagaEvent {}

    /** Ask again for what is outstanding. */
    record RetryRequested(OrderId orderId) implements OperatorAction {}

    /** Give the order up and undo what was done for it. */
    record CompensationRequested(OrderId orderId) implements OperatorAction {}

    /** Stop waiting for what will never be undone. */
    record AbandonRequested(OrderId orderId, String reason) implements OperatorAction {}
}
