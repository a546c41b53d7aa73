package dev.lockstep.order.domain;

/** What an order is told to do. */
public sealed interface OrderCommand {
    /** The saga has the stock and the money. */
    record Confirm(Money total) implements OrderCommand {}

    /** The saga has given back whatever it had. */
    record Cancel(CancelReason reason) implements OrderCommand {}

    /** The customer changed their mind. */
    record RequestCancel() implements OrderCommand {}
}
