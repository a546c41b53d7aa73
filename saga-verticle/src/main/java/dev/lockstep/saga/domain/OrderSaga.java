package dev.lockstep.saga.domain;

import dev.lockstep.saga.domain.Compensation.Notice;
import dev.lockstep.saga.domain.Compensation.Undo;
import dev.lockstep.saga.domain.SagaCommand.RefundPayment;
import dev.lockstep.saga.domain.SagaCommand.ReleaseStock;
import dev.lockstep.saga.domain.SagaEvent.CancelRequested;
import dev.lockstep.saga.domain.SagaEvent.DeadlinePassed;
import dev.lockstep.saga.domain.SagaEvent.OperatorAction;
import dev.lockstep.saga.domain.SagaEvent.OrderCancelled;
import dev.lockstep.saga.domain.SagaEvent.OrderConfirmed;
import dev.lockstep.saga.domain.SagaEvent.OrderPlaced;
import dev.lockstep.saga.domain.SagaEvent.PaymentCharged;
import dev.lockstep.saga.domain.SagaEvent.PaymentDeclined;
import dev.lockstep.saga.domain.SagaEvent.PaymentRefunded;
import dev.lockstep.saga.domain.SagaEvent.StockRejected;
import dev.lockstep.saga.domain.SagaEvent.StockReleased;
import dev.lockstep.saga.domain.SagaEvent.StockReserved;
import dev.lockstep.saga.domain.SagaState.Aborting;
import dev.lockstep.saga.domain.SagaState.AwaitingOrder;
import dev.lockstep.saga.domain.SagaState.CancellingOrder;
import dev.lockstep.saga.domain.SagaState.ChargingPayment;
import dev.lockstep.saga.domain.SagaState.Compensating;
import dev.lockstep.saga.domain.SagaState.Confirmed;
import dev.lockstep.saga.domain.SagaState.ConfirmingOrder;
import dev.lockstep.saga.domain.SagaState.Ended;
import dev.lockstep.saga.domain.SagaState.Forward;
import dev.lockstep.saga.domain.SagaState.NotBegun;
import dev.lockstep.saga.domain.SagaState.NotStarted;
import dev.lockstep.saga.domain.SagaState.PartlyUndone;
import dev.lockstep.saga.domain.SagaState.ReservingStock;
import dev.lockstep.saga.domain.SagaState.RetryingCompensation;
import java.util.List;

/**
 * State machine of an order's saga.
 *
 * <pre>
 * NotStarted ──OrderPlaced──▶ ReservingStock ──StockReserved──▶ ChargingPayment ──PaymentCharged──▶ ConfirmingOrder ──OrderConfirmed──▶ Confirmed
 *     │ CancelRequested           │ StockRejected    │                 │ PaymentDeclined                  │ CancelRequested
 *     ▼                           │                  │ DeadlinePassed  │ DeadlinePassed                   │
 * AwaitingOrder                   │                  │ CancelRequested │ CancelRequested                  │
 *     │ OrderPlaced               │                  ╰─────────────────┴───────────────┬──────────────────╯
 *     │                           │                                                    ▼
 *     ╰───────────────────────────┴────▶ CancellingOrder ◀──all is undone── Compensating ──DeadlinePassed──▶ RetryingCompensation
 *                                              │ OrderCancelled                  │ all is undone                    │ all is undone
 *                                              ▼                                 ▼ and OrderCancelled               ▼ and OrderCancelled
 *                                          Cancelled                         Cancelled                          Cancelled
 * </pre>
 *
 * <p>Messages are delivered at least once, so every event can arrive twice, and a reply can arrive after the saga has stopped waiting for
 * it. A repeated event changes nothing; a late success is undone. A participant always answers a release or a refund, even if there was
 * nothing to undo, and does not execute the undone command afterwards. Waiting for these replies is therefore safe. If a reply fails to
 * arrive nevertheless, an operator intervenes: {@link OperatorDecider}.
 */
public final class OrderSaga {
    private final SagaSteps steps;
    private final OperatorDecider operatorDecider;

    public OrderSaga(SagaDeadlines deadlines) {
        this.steps = new SagaSteps(deadlines);
        this.operatorDecider = new OperatorDecider(steps);
    }

    /**
     * Decides the outcome of one event.
     *
     * @throws UnexpectedEventException if no participant sends this event in this state, or if the operator's action is not possible in
     *     it
     */
    // No default branch, here or below: code that does not handle a new event or state must not compile.
    public Decision decide(SagaState state, SagaEvent event) {
        return switch (event) {
            case OrderPlaced placed -> onOrderPlaced(state, placed);
            case CancelRequested requested -> onCancelRequested(state, requested);
            case StockReserved reserved -> onStockReserved(state, reserved);
            case StockRejected rejected -> onStockRejected(state, rejected);
            case StockReleased released -> onStockReleased(state, released);
            case PaymentCharged charged -> onPaymentCharged(state, charged);
            case PaymentDeclined declined -> onPaymentDeclined(state, declined);
            case PaymentRefunded refunded -> onPaymentRefunded(state, refunded);
            case OrderConfirmed confirmed -> onOrderConfirmed(state, confirmed);
            case OrderCancelled cancelled -> onOrderCancelled(state, cancelled);
            case DeadlinePassed passed -> onDeadlinePassed(state, passed);
            case OperatorAction action -> operatorDecider.decide(state, action);
        };
    }

    private Decision onOrderPlaced(SagaState state, OrderPlaced event) {
        return switch (state) {
            case NotStarted fresh ->
                steps.reserveStock(event.orderId(), new ReservingStock(event.userId(), event.items()));
            case AwaitingOrder cancelledBefore ->
                steps.cancelOrder(event.orderId(), CancelReason.CANCELLED_BY_CUSTOMER);
            case Forward _, Confirmed _, Aborting _ -> stay(state);
        };
    }

    private Decision onCancelRequested(SagaState state, CancelRequested event) {
        return switch (state) {
            case NotStarted overtaken -> new Decision(new AwaitingOrder(), List.of(), null);
            case AwaitingOrder repeat -> stay(repeat);
            // This includes ConfirmingOrder: the order service has accepted the cancellation, so it no longer confirms
            // the order.
            case Forward inTime -> steps.abort(event.orderId(), inTime, CancelReason.CANCELLED_BY_CUSTOMER);
            // The order service never cancels a confirmed order, so this event cannot occur. It is rejected rather than
            // ignored, because ignoring it could lose an accepted cancellation silently.
            case Confirmed impossible -> throw UnexpectedEventException.of(impossible, event);
            case Aborting already -> stay(already);
        };
    }

    private Decision onStockReserved(SagaState state, StockReserved event) {
        OrderId order = event.orderId();
        return switch (state) {
            case ReservingStock(String userId, var _) ->
                steps.chargePayment(order, new ChargingPayment(userId, event.total()));
            case ChargingPayment _, ConfirmingOrder _, Confirmed _ -> stay(state);
            // A ReleaseStock that is outstanding undoes this reservation, so no further one is sent.
            case PartlyUndone late when late.left().stock() != Undo.DONE -> stay(late);
            case Aborting late -> stay(late, new ReleaseStock(order));
            case NotBegun unknown -> throw UnexpectedEventException.of(unknown, event);
        };
    }

    private Decision onStockRejected(SagaState state, StockRejected event) {
        return switch (state) {
            case ReservingStock waiting -> steps.cancelOrder(event.orderId(), event.reason());
            // A repeat, or a rejection that arrives after ReleaseStock was sent. Inventory answers ReleaseStock even if
            // it holds nothing.
            case Aborting late -> stay(late);
            case ChargingPayment _, ConfirmingOrder _, Confirmed _, NotBegun _ ->
                throw UnexpectedEventException.of(state, event);
        };
    }

    private Decision onStockReleased(SagaState state, StockReleased event) {
        return switch (state) {
            case Compensating(Compensation left)
            when left.stock() != Undo.DONE -> steps.continueCompensation(event.orderId(), left.stockReleased());
            case RetryingCompensation(Compensation left, int attempts)
            when left.stock() != Undo.DONE -> steps.continueRetrying(left.stockReleased(), attempts);
            case Aborting repeat -> stay(repeat);
            case Forward _, Confirmed _, NotBegun _ -> throw UnexpectedEventException.of(state, event);
        };
    }

    private Decision onPaymentCharged(SagaState state, PaymentCharged event) {
        OrderId order = event.orderId();
        return switch (state) {
            case ChargingPayment(var _, Money total) -> steps.confirmOrder(order, new ConfirmingOrder(total, 0));
            case ConfirmingOrder _, Confirmed _ -> stay(state);
            // A RefundPayment that is outstanding undoes this charge, so no further one is sent.
            case PartlyUndone late when late.left().payment() != Undo.DONE -> stay(late);
            case Aborting late -> stay(late, new RefundPayment(order));
            case ReservingStock _, NotBegun _ -> throw UnexpectedEventException.of(state, event);
        };
    }

    private Decision onPaymentDeclined(SagaState state, PaymentDeclined event) {
        return switch (state) {
            case ChargingPayment waiting ->
                steps.startCompensation(
                        event.orderId(),
                        new Compensation(CancelReason.PAYMENT_DECLINED, Undo.AWAITED, Undo.DONE, Notice.HELD_BACK));
            // A repeat, or a decline that arrives after RefundPayment was sent. Payment answers RefundPayment even if
            // it charged nothing.
            case Aborting late -> stay(late);
            case ReservingStock _, ConfirmingOrder _, Confirmed _, NotBegun _ ->
                throw UnexpectedEventException.of(state, event);
        };
    }

    private Decision onPaymentRefunded(SagaState state, PaymentRefunded event) {
        return switch (state) {
            case Compensating(Compensation left)
            when left.payment() != Undo.DONE -> steps.continueCompensation(event.orderId(), left.paymentRefunded());
            case RetryingCompensation(Compensation left, int attempts)
            when left.payment() != Undo.DONE -> steps.continueRetrying(left.paymentRefunded(), attempts);
            case Aborting repeat -> stay(repeat);
            case Forward _, Confirmed _, NotBegun _ -> throw UnexpectedEventException.of(state, event);
        };
    }

    private Decision onOrderConfirmed(SagaState state, OrderConfirmed event) {
        return switch (state) {
            case ConfirmingOrder waiting -> new Decision(new Confirmed(), List.of(), null);
            case Confirmed repeat -> stay(repeat);
            // The order service received CancelOrder, or has accepted the customer's cancellation. In both cases it no
            // longer confirms the order.
            case Aborting impossible -> throw UnexpectedEventException.of(impossible, event);
            case ReservingStock _, ChargingPayment _, NotBegun _ -> throw UnexpectedEventException.of(state, event);
        };
    }

    private Decision onOrderCancelled(SagaState state, OrderCancelled event) {
        return switch (state) {
            case CancellingOrder waiting -> steps.cancelled(waiting.reason());
            case Compensating(Compensation left)
            when left.notice() == Notice.SENT -> steps.continueCompensation(event.orderId(), left.orderCancelled());
            case Compensating waiting
            when waiting.left().notice() == Notice.HELD_BACK -> throw UnexpectedEventException.of(waiting, event);
            case RetryingCompensation(Compensation left, int attempts)
            when left.notice() == Notice.SENT -> steps.continueRetrying(left.orderCancelled(), attempts);
            case Aborting repeat -> stay(repeat);
            case Forward _, Confirmed _, NotBegun _ -> throw UnexpectedEventException.of(state, event);
        };
    }

    private Decision onDeadlinePassed(SagaState state, DeadlinePassed event) {
        OrderId order = event.orderId();
        CancelReason reason = CancelReason.TIMED_OUT;
        return switch (state) {
            // CancelOrder does not wait for the participant that has just missed its deadline.
            case ReservingStock silent ->
                steps.startCompensation(order, new Compensation(reason, Undo.OUTSTANDING, Undo.DONE, Notice.HELD_BACK));
            case ChargingPayment silent ->
                steps.startCompensation(
                        order, new Compensation(reason, Undo.AWAITED, Undo.OUTSTANDING, Notice.HELD_BACK));
            // The payment is the saga's pivot: a paid order is confirmed, however long the order service takes.
            case ConfirmingOrder unanswered -> steps.confirmOrderAgain(order, unanswered);
            case CancellingOrder unanswered -> steps.cancelOrderAgain(order, unanswered);
            case Compensating(Compensation left) -> steps.retryCompensation(order, left, 1);
            case RetryingCompensation(Compensation left, int attempts) ->
                steps.retryCompensation(order, left, attempts + 1);
            case NotBegun _, Ended _ -> stay(state);
        };
    }

    private static Decision stay(SagaState state, SagaCommand... commands) {
        return new Decision(state, List.of(commands), null);
    }
}
