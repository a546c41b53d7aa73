package dev.lockstep.saga.domain;

import dev.lockstep.saga.domain.Compensation.Notice;
import dev.lockstep.saga.domain.Compensation.Undo;
import dev.lockstep.saga.domain.SagaCommand.CancelOrder;
import dev.lockstep.saga.domain.SagaCommand.ChargePayment;
import dev.lockstep.saga.domain.SagaCommand.ConfirmOrder;
import dev.lockstep.saga.domain.SagaCommand.RefundPayment;
import dev.lockstep.saga.domain.SagaCommand.ReleaseStock;
import dev.lockstep.saga.domain.SagaCommand.ReserveStock;
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
import dev.lockstep.saga.domain.SagaState.Abandoned;
import dev.lockstep.saga.domain.SagaState.Aborting;
import dev.lockstep.saga.domain.SagaState.AwaitingOrder;
import dev.lockstep.saga.domain.SagaState.Cancelled;
import dev.lockstep.saga.domain.SagaState.CancellingOrder;
import dev.lockstep.saga.domain.SagaState.ChargingPayment;
import dev.lockstep.saga.domain.SagaState.Compensating;
import dev.lockstep.saga.domain.SagaState.Confirmed;
import dev.lockstep.saga.domain.SagaState.ConfirmingOrder;
import dev.lockstep.saga.domain.SagaState.NotStarted;
import dev.lockstep.saga.domain.SagaState.ReservingStock;
import dev.lockstep.saga.domain.SagaState.RetryingCompensation;
import java.util.ArrayList;
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
    private final SagaDeadlines deadlines;
    private final OperatorDecider operatorDecider;

    public OrderSaga(SagaDeadlines deadlines) {
        this.deadlines = deadlines;
        this.operatorDecider = new OperatorDecider(this, deadlines);
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
        OrderId order = event.orderId();
        return switch (state) {
            case NotStarted fresh ->
                new Decision(
                        new ReservingStock(event.userId(), event.items()),
                        List.of(new ReserveStock(order, event.items())),
                        deadlines.stock());
            case AwaitingOrder cancelledBefore -> cancelOrder(order, CancelReason.CANCELLED_BY_CUSTOMER);
            case ReservingStock repeat -> stay(repeat);
            case ChargingPayment repeat -> stay(repeat);
            case ConfirmingOrder repeat -> stay(repeat);
            case Confirmed repeat -> stay(repeat);
            case Aborting repeat -> stay(repeat);
        };
    }

    private Decision onCancelRequested(SagaState state, CancelRequested event) {
        OrderId order = event.orderId();
        CancelReason reason = CancelReason.CANCELLED_BY_CUSTOMER;
        return switch (state) {
            case NotStarted overtaken -> new Decision(new AwaitingOrder(), List.of(), null);
            case AwaitingOrder repeat -> stay(repeat);
            case ReservingStock inTime ->
                startCompensation(order, new Compensation(reason, Undo.AWAITED, Undo.DONE, Notice.HELD_BACK));
            case ChargingPayment inTime ->
                startCompensation(order, new Compensation(reason, Undo.AWAITED, Undo.AWAITED, Notice.HELD_BACK));
            // The order service accepted the cancellation, so it will no longer confirm the order, although the saga
            // has asked it to.
            case ConfirmingOrder inTime ->
                startCompensation(order, new Compensation(reason, Undo.AWAITED, Undo.AWAITED, Notice.HELD_BACK));
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
                new Decision(
                        new ChargingPayment(userId, event.total()),
                        List.of(new ChargePayment(order, userId, event.total())),
                        deadlines.payment());
            case ChargingPayment repeat -> stay(repeat);
            case ConfirmingOrder repeat -> stay(repeat);
            case Confirmed repeat -> stay(repeat);
            case Compensating late -> undoStock(late, late.left(), order);
            case RetryingCompensation late -> undoStock(late, late.left(), order);
            case CancellingOrder late -> stay(late, new ReleaseStock(order));
            case Cancelled late -> stay(late, new ReleaseStock(order));
            case Abandoned late -> undoStock(late, late.left(), order);
            case NotStarted unknown -> throw UnexpectedEventException.of(unknown, event);
            case AwaitingOrder unknown -> throw UnexpectedEventException.of(unknown, event);
        };
    }

    private Decision onStockRejected(SagaState state, StockRejected event) {
        return switch (state) {
            case ReservingStock waiting -> cancelOrder(event.orderId(), event.reason());
            // The rejection crossed with the release, which is answered nevertheless.
            case Aborting late -> stay(late);
            case ChargingPayment reserved -> throw UnexpectedEventException.of(reserved, event);
            case ConfirmingOrder reserved -> throw UnexpectedEventException.of(reserved, event);
            case Confirmed reserved -> throw UnexpectedEventException.of(reserved, event);
            case NotStarted unknown -> throw UnexpectedEventException.of(unknown, event);
            case AwaitingOrder unknown -> throw UnexpectedEventException.of(unknown, event);
        };
    }

    private Decision onStockReleased(SagaState state, StockReleased event) {
        return switch (state) {
            case Compensating(Compensation left)
            when left.stock() != Undo.DONE -> compensate(event.orderId(), left.stockReleased(), List.of());
            case RetryingCompensation(Compensation left, int attempts)
            when left.stock() != Undo.DONE -> continueRetrying(left.stockReleased(), attempts);
            case Aborting repeat -> stay(repeat);
            case ReservingStock unexpected -> throw UnexpectedEventException.of(unexpected, event);
            case ChargingPayment unexpected -> throw UnexpectedEventException.of(unexpected, event);
            case ConfirmingOrder unexpected -> throw UnexpectedEventException.of(unexpected, event);
            case Confirmed unexpected -> throw UnexpectedEventException.of(unexpected, event);
            case NotStarted unknown -> throw UnexpectedEventException.of(unknown, event);
            case AwaitingOrder unknown -> throw UnexpectedEventException.of(unknown, event);
        };
    }

    private Decision onPaymentCharged(SagaState state, PaymentCharged event) {
        OrderId order = event.orderId();
        return switch (state) {
            case ChargingPayment(var _, Money total) ->
                new Decision(
                        new ConfirmingOrder(total, 0), List.of(new ConfirmOrder(order, total)), deadlines.confirm(0));
            case ConfirmingOrder repeat -> stay(repeat);
            case Confirmed repeat -> stay(repeat);
            case Compensating late -> undoPayment(late, late.left(), order);
            case RetryingCompensation late -> undoPayment(late, late.left(), order);
            case CancellingOrder late -> stay(late, new RefundPayment(order));
            case Cancelled late -> stay(late, new RefundPayment(order));
            case Abandoned late -> undoPayment(late, late.left(), order);
            case ReservingStock unexpected -> throw UnexpectedEventException.of(unexpected, event);
            case NotStarted unknown -> throw UnexpectedEventException.of(unknown, event);
            case AwaitingOrder unknown -> throw UnexpectedEventException.of(unknown, event);
        };
    }

    private Decision onPaymentDeclined(SagaState state, PaymentDeclined event) {
        return switch (state) {
            case ChargingPayment waiting ->
                startCompensation(
                        event.orderId(),
                        new Compensation(CancelReason.PAYMENT_DECLINED, Undo.AWAITED, Undo.DONE, Notice.HELD_BACK));
            // The decline crossed with the refund, which is answered nevertheless.
            case Aborting late -> stay(late);
            case ConfirmingOrder paid -> throw UnexpectedEventException.of(paid, event);
            case Confirmed paid -> throw UnexpectedEventException.of(paid, event);
            case ReservingStock unexpected -> throw UnexpectedEventException.of(unexpected, event);
            case NotStarted unknown -> throw UnexpectedEventException.of(unknown, event);
            case AwaitingOrder unknown -> throw UnexpectedEventException.of(unknown, event);
        };
    }

    private Decision onPaymentRefunded(SagaState state, PaymentRefunded event) {
        return switch (state) {
            case Compensating(Compensation left)
            when left.payment() != Undo.DONE -> compensate(event.orderId(), left.paymentRefunded(), List.of());
            case RetryingCompensation(Compensation left, int attempts)
            when left.payment() != Undo.DONE -> continueRetrying(left.paymentRefunded(), attempts);
            case Aborting repeat -> stay(repeat);
            case ReservingStock unexpected -> throw UnexpectedEventException.of(unexpected, event);
            case ChargingPayment unexpected -> throw UnexpectedEventException.of(unexpected, event);
            case ConfirmingOrder unexpected -> throw UnexpectedEventException.of(unexpected, event);
            case Confirmed unexpected -> throw UnexpectedEventException.of(unexpected, event);
            case NotStarted unknown -> throw UnexpectedEventException.of(unknown, event);
            case AwaitingOrder unknown -> throw UnexpectedEventException.of(unknown, event);
        };
    }

    private Decision onOrderConfirmed(SagaState state, OrderConfirmed event) {
        return switch (state) {
            case ConfirmingOrder waiting -> new Decision(new Confirmed(), List.of(), null);
            case Confirmed repeat -> stay(repeat);
            // The order service received CancelOrder, or has accepted the customer's cancellation. In both cases it no
            // longer confirms the order.
            case Aborting impossible -> throw UnexpectedEventException.of(impossible, event);
            case ReservingStock unexpected -> throw UnexpectedEventException.of(unexpected, event);
            case ChargingPayment unexpected -> throw UnexpectedEventException.of(unexpected, event);
            case NotStarted unknown -> throw UnexpectedEventException.of(unknown, event);
            case AwaitingOrder unknown -> throw UnexpectedEventException.of(unknown, event);
        };
    }

    private Decision onOrderCancelled(SagaState state, OrderCancelled event) {
        return switch (state) {
            case CancellingOrder(CancelReason reason, int attempts) -> cancelled(reason);
            case Compensating(Compensation left)
            when left.notice() == Notice.SENT -> compensate(event.orderId(), left.orderCancelled(), List.of());
            case Compensating(Compensation left)
            when left.notice() == Notice.HELD_BACK -> throw UnexpectedEventException.of(state, event);
            case RetryingCompensation(Compensation left, int attempts)
            when left.notice() == Notice.SENT -> continueRetrying(left.orderCancelled(), attempts);
            case Aborting repeat -> stay(repeat);
            case ReservingStock unexpected -> throw UnexpectedEventException.of(unexpected, event);
            case ChargingPayment unexpected -> throw UnexpectedEventException.of(unexpected, event);
            case ConfirmingOrder unexpected -> throw UnexpectedEventException.of(unexpected, event);
            case Confirmed unexpected -> throw UnexpectedEventException.of(unexpected, event);
            case NotStarted unknown -> throw UnexpectedEventException.of(unknown, event);
            case AwaitingOrder unknown -> throw UnexpectedEventException.of(unknown, event);
        };
    }

    private Decision onDeadlinePassed(SagaState state, DeadlinePassed event) {
        OrderId order = event.orderId();
        CancelReason reason = CancelReason.TIMED_OUT;
        return switch (state) {
            case ReservingStock silent ->
                startCompensation(order, new Compensation(reason, Undo.OUTSTANDING, Undo.DONE, Notice.HELD_BACK));
            case ChargingPayment silent ->
                startCompensation(order, new Compensation(reason, Undo.AWAITED, Undo.OUTSTANDING, Notice.HELD_BACK));
            // Past the pivot: a paid order is confirmed, however long the order service takes.
            case ConfirmingOrder(Money total, int attempts) ->
                new Decision(
                        new ConfirmingOrder(total, attempts + 1),
                        List.of(new ConfirmOrder(order, total)),
                        deadlines.confirm(attempts + 1));
            case CancellingOrder(CancelReason why, int attempts) ->
                new Decision(
                        new CancellingOrder(why, attempts + 1),
                        List.of(new CancelOrder(order, why)),
                        deadlines.compensation(attempts + 1));
            case Compensating(Compensation left) -> retry(order, left, 1);
            case RetryingCompensation(Compensation left, int attempts) -> retry(order, left, attempts + 1);
            case NotStarted idle -> stay(idle);
            case AwaitingOrder idle -> stay(idle);
            case Confirmed idle -> stay(idle);
            case Cancelled idle -> stay(idle);
            case Abandoned idle -> stay(idle);
        };
    }

    Decision startCompensation(OrderId order, Compensation compensation) {
        return compensate(order, compensation, undoCommands(order, compensation));
    }

    private Decision compensate(OrderId order, Compensation left, List<SagaCommand> undo) {
        List<SagaCommand> commands = new ArrayList<>(undo);
        Compensation told = left;
        if (left.notice() == Notice.HELD_BACK && !left.awaitsUndo()) {
            told = left.noticeSent();
            commands.add(new CancelOrder(order, left.reason()));
        }
        if (told.complete()) {
            return cancelled(told.reason());
        }
        SagaState state = told.allUndone() ? new CancellingOrder(told.reason(), 0) : new Compensating(told);
        return new Decision(state, commands, deadlines.compensation(0));
    }

    private Decision retry(OrderId order, Compensation left, int attempts) {
        List<SagaCommand> commands = new ArrayList<>(undoCommands(order, left));
        if (left.notice() != Notice.ACKNOWLEDGED) {
            commands.add(new CancelOrder(order, left.reason()));
        }
        return new Decision(
                new RetryingCompensation(left.noticeSent(), attempts), commands, deadlines.compensation(attempts));
    }

    private Decision continueRetrying(Compensation left, int attempts) {
        return left.complete()
                ? cancelled(left.reason())
                : new Decision(new RetryingCompensation(left, attempts), List.of(), deadlines.compensation(attempts));
    }

    Decision cancelOrder(OrderId order, CancelReason reason) {
        return new Decision(
                new CancellingOrder(reason, 0), List.of(new CancelOrder(order, reason)), deadlines.compensation(0));
    }

    static List<SagaCommand> undoCommands(OrderId order, Compensation left) {
        List<SagaCommand> commands = new ArrayList<>();
        if (left.stock() != Undo.DONE) {
            commands.add(new ReleaseStock(order));
        }
        if (left.payment() != Undo.DONE) {
            commands.add(new RefundPayment(order));
        }
        return commands;
    }

    // If the release is outstanding, it follows the reservation to the participant, and its reply is awaited.
    private static Decision undoStock(SagaState late, Compensation left, OrderId order) {
        return left.stock() == Undo.DONE ? stay(late, new ReleaseStock(order)) : stay(late);
    }

    private static Decision undoPayment(SagaState late, Compensation left, OrderId order) {
        return left.payment() == Undo.DONE ? stay(late, new RefundPayment(order)) : stay(late);
    }

    private static Decision cancelled(CancelReason reason) {
        return new Decision(new Cancelled(reason), List.of(), null);
    }

    private static Decision stay(SagaState state, SagaCommand... commands) {
        return new Decision(state, List.of(commands), null);
    }
}
