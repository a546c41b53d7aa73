package dev.lockstep.contracts;

/** What the order service is told to do. */
public sealed interface OrderCommand extends Message permits ConfirmOrder, CancelOrder {}
