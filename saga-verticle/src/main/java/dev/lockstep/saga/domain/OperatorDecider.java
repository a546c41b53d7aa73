package dev.lockstep.saga.domain;

import dev.lockstep.saga.domain.Compensation.Notice;
import dev.lockstep.saga.domain.Compensation.Undo;
import dev.lockstep.saga.domain.SagaCommand.CancelOrder;
import dev.lockstep.saga.domain.SagaCommand.ChargePayment;
import dev.lockstep.saga.domain.SagaCommand.ConfirmOrder;
import dev.lockstep.saga.domain.SagaCommand.ReserveStock;
import dev.lockstep.saga.domain.SagaEvent.AbandonRequested;
import dev.lockstep.saga.domain.SagaEvent.CompensationRequested;
import dev.lockstep.saga.domain.SagaEvent.OperatorAction;
import dev.lockstep.saga.domain.SagaEvent.RetryRequested;
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
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Decides what follows from what an operator does.
 *
 * <pre>
 * retry       asks again and waits anew                 ReservingStock, ChargingPayment, ConfirmingOrder, Compensating,
 *                                                       RetryingCompensation, CancellingOrder
 * compensate  gives the order up   ──▶ Compensating     ReservingStock, ChargingPayment
 *                                  ──▶ CancellingOrder  AwaitingOrder
 * abandon     waits no more        ──▶ Abandoned        Compensating, RetryingCompensation, CancellingOrder
 * </pre>
 *
 * <p>An order that was asked to confirm may have done so, and the order service never cancels what it confirmed. So from
 * ConfirmingOrder only the order service can turn back: by its customer's cancel, which it settles under the order's own lock.
 *
 * <p>From AwaitingOrder the order is cancelled as its customer wished, as if it had come: nothing was asked for, so nothing can
 * stay behind. Should it come after all, it is a repeat.
 */
final class OperatorDecider {
    private final OrderSaga saga;
    private final SagaDeadlines deadlines;

    OperatorDecider(OrderSaga saga, SagaDeadlines deadlines) {
        this.saga = saga;
        this.deadlines = deadlines;
    }

    Decision decide(SagaState state, OperatorAction action) {
        return switch (action) {
            case RetryRequested retry -> retry(state, retry);
            case CompensationRequested compensate -> compensate(state, compensate);
            case AbandonRequested abandon -> abandon(state, abandon);
        };
    }

    private Decision retry(SagaState state, RetryRequested event) {
        OrderId order = event.orderId();
        return switch (state) {
            // Begun by a version that did not keep what it would have to ask for again; its deadline will do.
            case ReservingStock(var _, var items)
            when items.isEmpty() -> throw UnexpectedEventException.of(state, event);
            case ChargingPayment(var userId, var _)
            when userId.isEmpty() -> throw UnexpectedEventException.of(state, event);
            case ReservingStock waiting ->
                resend(waiting, deadlines.stock(), List.of(new ReserveStock(order, waiting.items())));
            case ChargingPayment waiting ->
                resend(
                        waiting,
                        deadlines.payment(),
                        List.of(new ChargePayment(order, waiting.userId(), waiting.total())));
            case ConfirmingOrder(Money total, int attempts) ->
                resend(
                        new ConfirmingOrder(total, attempts + 1),
                        deadlines.confirm(attempts + 1),
                        List.of(new ConfirmOrder(order, total)));
            case Compensating waiting -> resend(waiting, deadlines.compensation(0), outstanding(order, waiting.left()));
            case RetryingCompensation(Compensation left, int attempts) ->
                resend(
                        new RetryingCompensation(left, attempts + 1),
                        deadlines.compensation(attempts + 1),
                        outstanding(order, left));
            case CancellingOrder(CancelReason reason, int attempts) ->
                resend(
                        new CancellingOrder(reason, attempts + 1),
                        deadlines.compensation(attempts + 1),
                        List.of(new CancelOrder(order, reason)));
            case AwaitingOrder askedNobody -> throw UnexpectedEventException.of(askedNobody, event);
            case NotStarted unknown -> throw UnexpectedEventException.of(unknown, event);
            case Confirmed ended -> throw UnexpectedEventException.of(ended, event);
            case Cancelled ended -> throw UnexpectedEventException.of(ended, event);
            case Abandoned ended -> throw UnexpectedEventException.of(ended, event);
        };
    }

    private Decision compensate(SagaState state, CompensationRequested event) {
        OrderId order = event.orderId();
        CancelReason reason = CancelReason.CANCELLED_BY_OPERATOR;
        return switch (state) {
            case ReservingStock inTime ->
                saga.startCompensation(order, new Compensation(reason, Undo.AWAITED, Undo.DONE, Notice.HELD_BACK));
            case ChargingPayment inTime ->
                saga.startCompensation(order, new Compensation(reason, Undo.AWAITED, Undo.AWAITED, Notice.HELD_BACK));
            case ConfirmingOrder perhapsConfirmed -> throw UnexpectedEventException.of(perhapsConfirmed, event);
            case AwaitingOrder cancelledBefore -> saga.cancelOrder(order, CancelReason.CANCELLED_BY_CUSTOMER);
            case NotStarted unknown -> throw UnexpectedEventException.of(unknown, event);
            case Confirmed ended -> throw UnexpectedEventException.of(ended, event);
            case Aborting already -> throw UnexpectedEventException.of(already, event);
        };
    }

    private Decision abandon(SagaState state, AbandonRequested event) {
        return switch (state) {
            case Compensating(Compensation left) -> abandoned(event, left);
            case RetryingCompensation(Compensation left, int _) -> abandoned(event, left);
            case CancellingOrder(CancelReason reason, int _) ->
                abandoned(event, new Compensation(reason, Undo.DONE, Undo.DONE, Notice.SENT));
            case ReservingStock forward -> throw UnexpectedEventException.of(forward, event);
            case ChargingPayment forward -> throw UnexpectedEventException.of(forward, event);
            case ConfirmingOrder forward -> throw UnexpectedEventException.of(forward, event);
            case AwaitingOrder nothingToUndo -> throw UnexpectedEventException.of(nothingToUndo, event);
            case NotStarted unknown -> throw UnexpectedEventException.of(unknown, event);
            case Confirmed ended -> throw UnexpectedEventException.of(ended, event);
            case Cancelled ended -> throw UnexpectedEventException.of(ended, event);
            case Abandoned ended -> throw UnexpectedEventException.of(ended, event);
        };
    }

    // Whatever stays behind, the order has to end: it is told, or told again, unless it has said that it knows.
    private static Decision abandoned(AbandonRequested event, Compensation left) {
        List<SagaCommand> commands = left.notice() == Notice.ACKNOWLEDGED
                ? List.of()
                : List.of(new CancelOrder(event.orderId(), left.reason()));
        return new Decision(new Abandoned(left.noticeSent(), event.reason()), commands, null);
    }

    private static Decision resend(SagaState state, Duration deadline, List<SagaCommand> commands) {
        return new Decision(state, commands, deadline);
    }

    // Unlike a deadline that passed, it does not tell the order before its time.
    private static List<SagaCommand> outstanding(OrderId order, Compensation left) {
        List<SagaCommand> commands = new ArrayList<>(OrderSaga.undoCommands(order, left));
        if (left.notice() == Notice.SENT) {
            commands.add(new CancelOrder(order, left.reason()));
        }
        return commands;
    }
}
