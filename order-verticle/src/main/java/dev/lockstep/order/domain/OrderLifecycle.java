package dev.lockstep.order.domain;

import dev.lockstep.order.domain.OrderCommand.Cancel;
import dev.lockstep.order.domain.OrderCommand.Confirm;
import dev.lockstep.order.domain.OrderCommand.RequestCancel;
import dev.lockstep.order.domain.OrderState.CancelRequested;
import dev.lockstep.order.domain.OrderState.Cancelled;
import dev.lockstep.order.domain.OrderState.Confirmed;
import dev.lockstep.order.domain.OrderState.Pending;

/**
 * State machine of an order.
 *
 * <pre>
 * Pending ──Confirm──────────────────────────▶ Confirmed
 *    │ ╰────RequestCancel──▶ CancelRequested
 *    │                            │ Cancel
 *    ╰──────Cancel──────────────▶ Cancelled
 * </pre>
 *
 * <p>Commands are delivered at least once. A repeated command changes nothing, but its event is published again, because the sender of a
 * repeat may not have received the first one.
 */
public final class OrderLifecycle {
    /**
     * Decides one command.
     *
     * @throws UnexpectedCommandException if the command contradicts the final state of the order
     */
    // No default branch, here or below: code that does not handle a new command or state must not compile.
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
            // The customer's cancellation was accepted first, but the saga does not know of it yet. It may never learn
            // of it if the original message became a dead letter, so the event is published again.
            case CancelRequested requested -> Decision.of(requested, new OrderEvent.CancelRequested());
            case Confirmed repeat -> Decision.of(repeat, new OrderEvent.Confirmed(repeat.total()));
            case Cancelled contradicted -> throw UnexpectedCommandException.of(contradicted, command);
        };
    }

    private static Decision cancel(OrderState state, Cancel command) {
        return switch (state) {
            case Pending pending -> cancelled(command);
            case CancelRequested requested -> cancelled(command);
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
            case Confirmed confirmed -> Decision.of(confirmed);
        };
    }
}
