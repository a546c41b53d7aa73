package dev.lockstep.order.domain;

/** A command to an order. */
public sealed interface OrderCommand {
    /** Sent by the saga once stock is reserved and the payment is charged. */
    record Confirm(Money total) implements OrderCommand {}

    /** Sent by the saga once stock and payment have been given back. */
    record Cancel(CancelReason reason) implements OrderCommand {}

    /** The customer asks to cancel the order. */
    record RequestCancel() implements OrderCommand {}
}
