package dev.lockstep.saga.domain;

import java.util.List;

/** A command from the saga to a participant. A command that undoes a step also prevents that step from then on. */
public sealed interface SagaCommand {
    OrderId orderId();

    record ReserveStock(OrderId orderId, List<OrderItem> items) implements SagaCommand {
        public ReserveStock {
            items = List.copyOf(items);
        }
    }

    record ReleaseStock(OrderId orderId) implements SagaCommand {}

    record ChargePayment(OrderId orderId, String userId, Money amount) implements SagaCommand {}

    record RefundPayment(OrderId orderId) implements SagaCommand {}

    record ConfirmOrder(OrderId orderId, Money total) implements SagaCommand {}

    record CancelOrder(OrderId orderId, CancelReason reason) implements SagaCommand {}
}
