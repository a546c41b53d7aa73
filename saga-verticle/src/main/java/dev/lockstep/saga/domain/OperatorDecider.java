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
 * Decides the effect of an operator's action.
 *
 * <pre>
 * retry       sends the outstanding commands again      ReservingStock, ChargingPayment, ConfirmingOrder, Compensating,
 *             with a new deadline                       RetryingCompensation, CancellingOrder
 * compensate  aborts the order     ──▶ Compensating     ReservingStock, ChargingPayment
 *                                  ──▶ CancellingOrder  AwaitingOrder
 * abandon     stops waiting        ──▶ Abandoned        Compensating, RetryingCompensation, CancellingOrder
 * </pre>
 *
 * <p>Once the saga has sent ConfirmOrder, the order may already be confirmed, and the order service never cancels a confirmed order. In
 * ConfirmingOrder, compensation can therefore start only through the order service: by the customer's cancellation, which the order service
 * decides under the lock of the order's row.
 *
 * <p>In AwaitingOrder the customer has already cancelled, so compensate cancels the order as if it had arrived. No command was sent yet, so
 * nothing has to be undone. If the order arrives later, it is treated as a repeat.
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
            // Started by a version that did not store the data needed to send the command again. The deadline of the
            // state still applies.
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

    // The order must end even if something could not be undone. CancelOrder is sent, or sent again, unless the order
    // service has acknowledged it.
    private static Decision abandoned(AbandonRequested event, Compensation left) {
        List<SagaCommand> commands = left.notice() == Notice.ACKNOWLEDGED
                ? List.of()
                : List.of(new CancelOrder(event.orderId(), left.reason()));
        return new Decision(new Abandoned(left.noticeSent(), event.reason()), commands, null);
    }

    private static Decision resend(SagaState state, Duration deadline, List<SagaCommand> commands) {
        return new Decision(state, commands, deadline);
    }

    // Unlike a passed deadline, a retry does not send CancelOrder early.
    private static List<SagaCommand> outstanding(OrderId order, Compensation left) {
        List<SagaCommand> commands = new ArrayList<>(OrderSaga.undoCommands(order, left));
        if (left.notice() == Notice.SENT) {
            commands.add(new CancelOrder(order, left.reason()));
        }
        return commands;
    }
}
