package dev.lockstep.contracts;

/** Anything one service says to another. Every message is about one order, whose id is its Kafka key. */
public sealed interface Message
        permits OrderEvent, OrderCommand, InventoryCommand, InventoryEvent, PaymentCommand, PaymentEvent {
    String orderId();
}
