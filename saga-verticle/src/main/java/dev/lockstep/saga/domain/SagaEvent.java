package dev.lockstep.saga.domain;

import java.util.List;

/** What the saga learns: an order, its customer's change of mind, a participant's reply, or its own deadline passing. */
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
}
