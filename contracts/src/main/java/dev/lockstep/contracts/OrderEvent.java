package dev.lockstep.contracts;

/** What the order service decided. */
public sealed interface OrderEvent extends Message
        permits OrderCreated, OrderCancelRequested, OrderConfirmed, OrderCancelled {}
