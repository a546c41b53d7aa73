package dev.lockstep.contracts;

/** A command to the order service. */
public sealed interface OrderCommand extends Message permits ConfirmOrder, CancelOrder {}
