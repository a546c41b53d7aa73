package dev.lockstep.contracts;

/** A message from one service to another. Every message concerns one order, whose id is its Kafka key. */
public sealed interface Message
        permits OrderEvent, OrderCommand, InventoryCommand, InventoryEvent, PaymentCommand, PaymentEvent {
    String orderId();
}
