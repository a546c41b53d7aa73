package dev.lockstep.contracts;

/** What the inventory service is told to do. */
public sealed interface InventoryCommand extends Message permits ReserveStock, ReleaseStock {}
