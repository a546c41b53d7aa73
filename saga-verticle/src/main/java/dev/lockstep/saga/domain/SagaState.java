package dev.lockstep.saga.domain;

import java.util.List;

/** State of one order's saga. Each state carries exactly the data that its next step needs. */
public sealed interface SagaState {
    record NotStarted() implements SagaState {}

    /** The customer's cancellation arrived before the order: they are on different topics. */
    record AwaitingOrder() implements SagaState {}

    record ReservingStock(String userId, List<OrderItem> items) implements SagaState {
        public ReservingStock {
            items = List.copyOf(items);
        }
    }

    record ChargingPayment(String userId, Money total) implements SagaState {}

    /**
     * Stock is held and paid for. From here the saga only moves forward unless the customer cancels.
     *
     * @param attempts how many times ConfirmOrder was sent again
     */
    record ConfirmingOrder(Money total, int attempts) implements SagaState {}

    record Confirmed() implements SagaState {}

    /** The saga has aborted the order. Steps that still succeed are undone. */
    sealed interface Aborting extends SagaState {
        CancelReason reason();
    }

    record Compensating(Compensation left) implements Aborting {
        @Override
        public CancelReason reason() {
            return left.reason();
        }
    }

    /**
     * The compensation did not complete before its deadline.
     *
     * @param attempts how many times the outstanding commands were sent again
     */
    record RetryingCompensation(Compensation left, int attempts) implements Aborting {
        @Override
        public CancelReason reason() {
            return left.reason();
        }
    }

    /**
     * All steps are undone. Only the order service's OrderCancelled is outstanding.
     *
     * @param attempts how many times CancelOrder was sent again
     */
    record CancellingOrder(CancelReason reason, int attempts) implements Aborting {}

    record Cancelled(CancelReason reason) implements Aborting {}

    /**
     * An operator stopped waiting for steps that were not undone.
     *
     * @param left the steps outstanding at that time; stock may still be held or money taken for them
     * @param why the operator's reason
     */
    record Abandoned(Compensation left, String why) implements Aborting {
        @Override
        public CancelReason reason() {
            return left.reason();
        }
    }
}
