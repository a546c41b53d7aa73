package dev.lockstep.saga.domain;

import dev.lockstep.saga.domain.Compensation.Notice;
import dev.lockstep.saga.domain.Compensation.Undo;
import dev.lockstep.saga.domain.SagaCommand.CancelOrder;
import dev.lockstep.saga.domain.SagaCommand.ChargePayment;
import dev.lockstep.saga.domain.SagaCommand.ConfirmOrder;
import dev.lockstep.saga.domain.SagaCommand.RefundPayment;
import dev.lockstep.saga.domain.SagaCommand.ReleaseStock;
import dev.lockstep.saga.domain.SagaCommand.ReserveStock;
import dev.lockstep.saga.domain.SagaState.Cancelled;
import dev.lockstep.saga.domain.SagaState.CancellingOrder;
import dev.lockstep.saga.domain.SagaState.ChargingPayment;
import dev.lockstep.saga.domain.SagaState.Compensating;
import dev.lockstep.saga.domain.SagaState.ConfirmingOrder;
import dev.lockstep.saga.domain.SagaState.Forward;
import dev.lockstep.saga.domain.SagaState.ReservingStock;
import dev.lockstep.saga.domain.SagaState.RetryingCompensation;
import java.util.ArrayList;
import java.util.List;

/**
 * The steps that events and operator actions have in common: a state together with the commands and the deadline that belong to it.
 * {@link OrderSaga} and {@link OperatorDecider} decide which step is taken.
 */
final class SagaSteps {
    private final SagaDeadlines deadlines;

    SagaSteps(SagaDeadlines deadlines) {
        this.deadlines = deadlines;
    }

    Decision reserveStock(OrderId order, ReservingStock state) {
        return new Decision(state, List.of(new ReserveStock(order, state.items())), deadlines.stock());
    }

    Decision chargePayment(OrderId order, ChargingPayment state) {
        return new Decision(
                state, List.of(new ChargePayment(order, state.userId(), state.total())), deadlines.payment());
    }

    Decision confirmOrder(OrderId order, ConfirmingOrder state) {
        return new Decision(
                state, List.of(new ConfirmOrder(order, state.total())), deadlines.confirm(state.attempts()));
    }

    Decision confirmOrderAgain(OrderId order, ConfirmingOrder state) {
        return confirmOrder(order, new ConfirmingOrder(state.total(), state.attempts() + 1));
    }

    Decision cancelOrder(OrderId order, CancelReason reason) {
        return cancelOrder(order, new CancellingOrder(reason, 0));
    }

    Decision cancelOrderAgain(OrderId order, CancellingOrder state) {
        return cancelOrder(order, new CancellingOrder(state.reason(), state.attempts() + 1));
    }

    private Decision cancelOrder(OrderId order, CancellingOrder state) {
        return new Decision(
                state, List.of(new CancelOrder(order, state.reason())), deadlines.compensation(state.attempts()));
    }

    /** Undoes what the state may have caused, and then cancels the order. */
    Decision abort(OrderId order, Forward state, CancelReason reason) {
        return switch (state) {
            case ReservingStock _ ->
                startCompensation(order, new Compensation(reason, Undo.AWAITED, Undo.DONE, Notice.HELD_BACK));
            case ChargingPayment _, ConfirmingOrder _ ->
                startCompensation(order, new Compensation(reason, Undo.AWAITED, Undo.AWAITED, Notice.HELD_BACK));
        };
    }

    Decision startCompensation(OrderId order, Compensation compensation) {
        return compensate(order, compensation, undoCommands(order, compensation));
    }

    Decision continueCompensation(OrderId order, Compensation left) {
        return compensate(order, left, List.of());
    }

    private Decision compensate(OrderId order, Compensation left, List<SagaCommand> undo) {
        List<SagaCommand> commands = new ArrayList<>(undo);
        Compensation next = left;
        if (left.notice() == Notice.HELD_BACK && !left.awaitsUndo()) {
            next = left.noticeSent();
            commands.add(new CancelOrder(order, left.reason()));
        }
        if (next.complete()) {
            return cancelled(next.reason());
        }
        SagaState state = next.allUndone() ? new CancellingOrder(next.reason(), 0) : new Compensating(next);
        return new Decision(state, commands, deadlines.compensation(0));
    }

    /** Sends the outstanding commands of a compensation that is not retried yet. Unlike a retry, it does not send CancelOrder early. */
    Decision compensateAgain(OrderId order, Compensating state) {
        return new Decision(state, outstanding(order, state.left()), deadlines.compensation(0));
    }

    Decision retryCompensation(OrderId order, Compensation left, int attempts) {
        Compensation notified = left.noticeSent();
        return new Decision(
                new RetryingCompensation(notified, attempts),
                outstanding(order, notified),
                deadlines.compensation(attempts));
    }

    Decision continueRetrying(Compensation left, int attempts) {
        return left.complete()
                ? cancelled(left.reason())
                : new Decision(new RetryingCompensation(left, attempts), List.of(), deadlines.compensation(attempts));
    }

    Decision cancelled(CancelReason reason) {
        return new Decision(new Cancelled(reason), List.of(), null);
    }

    private static List<SagaCommand> outstanding(OrderId order, Compensation left) {
        List<SagaCommand> commands = undoCommands(order, left);
        if (left.notice() == Notice.SENT) {
            commands.add(new CancelOrder(order, left.reason()));
        }
        return commands;
    }

    private static List<SagaCommand> undoCommands(OrderId order, Compensation left) {
        List<SagaCommand> commands = new ArrayList<>();
        if (left.stock() != Undo.DONE) {
            commands.add(new ReleaseStock(order));
        }
        if (left.payment() != Undo.DONE) {
            commands.add(new RefundPayment(order));
        }
        return commands;
    }
}
