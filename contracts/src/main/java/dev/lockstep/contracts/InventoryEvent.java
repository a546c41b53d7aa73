package dev.lockstep.contracts;

/** An event published by the inventory service. */
public sealed interface InventoryEvent extends Message permits StockReserved, StockRejected, StockReleased {}
