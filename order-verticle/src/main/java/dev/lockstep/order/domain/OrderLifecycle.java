package dev.lockstep.order.domain;

import dev.lockstep.order.domain.OrderCommand.Cancel;
import dev.lockstep.order.domain.OrderCommand.Confirm;
import dev.lockstep.order.domain.OrderCommand.RequestCancel;
import dev.lockstep.order.domain.OrderState.CancelRequested;
import dev.lockstep.order.domain.OrderState.Cancelled;
import dev.lockstep.order.domain.OrderState.Confirmed;
import dev.lockstep.order.domain.OrderState.Pending;

/**
 * Decides what becomes of an order.
 *
 * <pre>
 * Pending ──Confirm──────────────────────────▶ Confirmed
 *    │ ╰────RequestCancel──▶ CancelRequested
 *    │                            │ Cancel
 *    ╰──────Cancel──────────────▶ Cancelled
 * </pre>
 *
 * <p>Commands arrive at least once. A repeat changes nothing and is answered again, because whoever repeats a command
 * has not heard the answer.
 */
public final class OrderLifecycle {
    /**
     * Decides one command.
     *
     * @throws UnexpectedCommandException when the command contradicts how the order ended
     */
    // No default branch, here or below: a new command or state must be considered before it compiles.
    public Decision decide(OrderState state, OrderCommand command) {
        return switch (command) {
            case Confirm confirm -> confirm(state, confirm);
            case Cancel cancel -> cancel(state, cancel);
            case RequestCancel request -> requestCancel(state);
        };
    }

    private static Decision confirm(OrderState state, Confirm command) {
        return switch (state) {
            case Pending pending ->
                Decision.of(new Confirmed(command.total()), new OrderEvent.Confirmed(command.total()));
            // The customer's cancellation was accepted first. Whoever wants to confirm has not heard of it, and may
            // never
            // have if that message is a dead letter.
            case CancelRequested promised -> Decision.of(promised, new OrderEvent.CancelRequested());
            case Confirmed repeat -> Decision.of(repeat, new OrderEvent.Confirmed(repeat.total()));
            case Cancelled contradicted -> throw UnexpectedCommandException.of(contradicted, command);
        };
    }

    private static Decision cancel(OrderState state, Cancel command) {
        return switch (state) {
            case Pending pending -> cancelled(command);
            case CancelRequested promised -> cancelled(command);
            case Cancelled repeat -> Decision.of(repeat, new OrderEvent.Cancelled(repeat.reason()));
            case Confirmed contradicted -> throw UnexpectedCommandException.of(contradicted, command);
        };
    }

    private static Decision cancelled(Cancel command) {
        return Decision.of(new Cancelled(command.reason()), new OrderEvent.Cancelled(command.reason()));
    }

    private static Decision requestCancel(OrderState state) {
        return switch (state) {
            case Pending pending -> Decision.of(new CancelRequested(), new OrderEvent.CancelRequested());
            case CancelRequested repeat -> Decision.of(repeat);
            case Cancelled already -> Decision.of(already);
            case Confirmed tooLate -> Decision.of(tooLate);
        };
    }
}
