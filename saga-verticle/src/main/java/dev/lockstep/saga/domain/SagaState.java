package dev.lockstep.saga.domain;

import java.util.List;

/** Where one order's saga stands. A state carries exactly the data its next step needs. */
public sealed interface SagaState {
    record NotStarted() implements SagaState {}

    /** The customer's cancel overtook the order itself: they travel on different topics. */
    record AwaitingOrder() implements SagaState {}

    record ReservingStock(String userId, List<OrderItem> items) implements SagaState {
        public ReservingStock {
            items = List.copyOf(items);
        }
    }

    record ChargingPayment(String userId, Money total) implements SagaState {}

    /**
     * Stock is held and paid for, so that from here the saga only goes forward unless the customer cancels.
     *
     * @param attempts how often the order was asked again
     */
    record ConfirmingOrder(Money total, int attempts) implements SagaState {}

    record Confirmed() implements SagaState {}

    /** The saga has given the order up: whatever still succeeds is undone. */
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
     * Compensating did not end in time.
     *
     * @param attempts how often everything outstanding was asked for again
     */
    record RetryingCompensation(Compensation left, int attempts) implements Aborting {
        @Override
        public CancelReason reason() {
            return left.reason();
        }
    }

    /**
     * Nothing is held or taken, and only the order has yet to say that it is off.
     *
     * @param attempts how often the order was told again
     */
    record CancellingOrder(CancelReason reason, int attempts) implements Aborting {}

    record Cancelled(CancelReason reason) implements Aborting {}

    /**
     * An operator has ended the wait for what was not undone.
     *
     * @param left what was outstanding then, which is what may still be held or taken
     * @param why what the operator said
     */
    record Abandoned(Compensation left, String why) implements Aborting {
        @Override
        public CancelReason reason() {
            return left.reason();
        }
    }
}
