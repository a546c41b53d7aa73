package dev.lockstep.contracts;

/** What the inventory service decided. */
public sealed interface InventoryEvent extends Message permits StockReserved, StockRejected, StockReleased {}
