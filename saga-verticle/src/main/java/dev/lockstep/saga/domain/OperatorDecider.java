package dev.lockstep.saga.domain;

import dev.lockstep.saga.domain.Compensation.Notice;
import dev.lockstep.saga.domain.Compensation.Undo;
import dev.lockstep.saga.domain.SagaCommand.CancelOrder;
import dev.lockstep.saga.domain.SagaEvent.AbandonRequested;
import dev.lockstep.saga.domain.SagaEvent.CompensationRequested;
import dev.lockstep.saga.domain.SagaEvent.OperatorAction;
import dev.lockstep.saga.domain.SagaEvent.RetryRequested;
import dev.lockstep.saga.domain.SagaState.Abandoned;
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
import dev.lockstep.saga.domain.SagaState.ReservingStock;
import dev.lockstep.saga.domain.SagaState.RetryingCompensation;
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
    private final SagaSteps steps;

    OperatorDecider(SagaSteps steps) {
        this.steps = steps;
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
            case ReservingStock waiting
            when waiting.items().isEmpty() -> throw UnexpectedEventException.of(waiting, event);
            case ChargingPayment waiting
            when waiting.userId().isEmpty() -> throw UnexpectedEventException.of(waiting, event);
            case ReservingStock waiting -> steps.reserveStock(order, waiting);
            case ChargingPayment waiting -> steps.chargePayment(order, waiting);
            case ConfirmingOrder waiting -> steps.confirmOrderAgain(order, waiting);
            case Compensating waiting -> steps.compensateAgain(order, waiting);
            case RetryingCompensation(Compensation left, int attempts) ->
                steps.retryCompensation(order, left, attempts + 1);
            case CancellingOrder waiting -> steps.cancelOrderAgain(order, waiting);
            case NotBegun _, Ended _ -> throw UnexpectedEventException.of(state, event);
        };
    }

    private Decision compensate(SagaState state, CompensationRequested event) {
        return switch (state) {
            case AwaitingOrder cancelledBefore ->
                steps.cancelOrder(event.orderId(), CancelReason.CANCELLED_BY_CUSTOMER);
            case ConfirmingOrder perhapsConfirmed -> throw UnexpectedEventException.of(perhapsConfirmed, event);
            case Forward inTime -> steps.abort(event.orderId(), inTime, CancelReason.CANCELLED_BY_OPERATOR);
            case NotStarted _, Aborting _, Confirmed _ -> throw UnexpectedEventException.of(state, event);
        };
    }

    private Decision abandon(SagaState state, AbandonRequested event) {
        return switch (state) {
            case Compensating(Compensation left) -> abandoned(event, left);
            case RetryingCompensation(Compensation left, int _) -> abandoned(event, left);
            case CancellingOrder(CancelReason reason, int _) ->
                abandoned(event, new Compensation(reason, Undo.DONE, Undo.DONE, Notice.SENT));
            case NotBegun _, Forward _, Ended _ -> throw UnexpectedEventException.of(state, event);
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
}
