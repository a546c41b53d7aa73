package dev.lockstep.contracts;

/** A command to the inventory service. */
public sealed interface InventoryCommand extends Message permits ReserveStock, ReleaseStock {}
