package dev.lockstep.contracts;

/** An event published by the order service. */
public sealed interface OrderEvent extends Message
        permits OrderCreated, OrderCancelRequested, OrderConfirmed, OrderCancelled {}
