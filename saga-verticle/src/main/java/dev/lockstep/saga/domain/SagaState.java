package dev.lockstep.saga.domain;

import java.util.List;

/**
 * State of one order's saga. Each state carries exactly the data that its next step needs. The sub-interfaces group states that react alike.
 *
 * <pre>
 * NotBegun   NotStarted, AwaitingOrder
 * Forward    ReservingStock, ChargingPayment, ConfirmingOrder
 * Aborting   CancellingOrder, Cancelled, and the PartlyUndone: Compensating, RetryingCompensation, Abandoned
 * Ended      Confirmed, Cancelled, Abandoned
 * </pre>
 */
public sealed interface SagaState {
    /** No command was sent yet. */
    sealed interface NotBegun extends SagaState {}

    /** On the way to confirmation. */
    sealed interface Forward extends SagaState {}

    /** The saga has aborted the order. Steps that still succeed are undone. */
    sealed interface Aborting extends SagaState {
        CancelReason reason();
    }

    /** A participant may not have undone its step yet. */
    sealed interface PartlyUndone extends Aborting {
        Compensation left();

        @Override
        default CancelReason reason() {
            return left().reason();
        }
    }

    /** The saga waits for nothing and has no deadline. */
    sealed interface Ended extends SagaState {}

    record NotStarted() implements NotBegun {}

    /** The customer's cancellation arrived before the order: they are on different topics. */
    record AwaitingOrder() implements NotBegun {}

    record ReservingStock(String userId, List<OrderItem> items) implements Forward {
        public ReservingStock {
            items = List.copyOf(items);
        }
    }

    record ChargingPayment(String userId, Money total) implements Forward {}

    /**
     * Stock is held and paid for. From here the saga only moves forward unless the customer cancels.
     *
     * @param attempts how many times ConfirmOrder was sent again
     */
    record ConfirmingOrder(Money total, int attempts) implements Forward {}

    record Confirmed() implements Ended {}

    record Compensating(Compensation left) implements PartlyUndone {}

    /**
     * The compensation did not complete before its deadline.
     *
     * @param attempts how many times the outstanding commands were sent again
     */
    record RetryingCompensation(Compensation left, int attempts) implements PartlyUndone {}

    /**
     * All steps are undone. Only the order service's OrderCancelled is outstanding.
     *
     * @param attempts how many times CancelOrder was sent again
     */
    record CancellingOrder(CancelReason reason, int attempts) implements Aborting {}

    record Cancelled(CancelReason reason) implements Aborting, Ended {}

    /**
     * An operator stopped waiting for steps that were not undone.
     *
     * @param left the steps outstanding at that time; stock may still be held or money taken for them
     * @param why the operator's reason
     */
    record Abandoned(Compensation left, String why) implements PartlyUndone, Ended {}
}
