package dev.lockstep.contracts;

/** The Kafka topics. All are keyed by order id. The dead letters of a topic are on {@code <topic>.dlq}. */
public final class Topics {
    public static final String ORDER_CREATED = "order.created";
    public static final String ORDER_CANCEL_REQUESTED = "order.cancel-requested";
    public static final String ORDER_CONFIRMED = "order.confirmed";
    public static final String ORDER_CANCELLED = "order.cancelled";
    public static final String ORDER_COMMANDS = "order.commands";
    public static final String INVENTORY_COMMANDS = "inventory.commands";
    public static final String INVENTORY_UPDATED = "inventory.updated";
    public static final String PAYMENT_COMMANDS = "payment.commands";
    public static final String PAYMENT_UPDATED = "payment.updated";

    private Topics() {}

    /** The topic of the message. */
    // No default branch: code that assigns no topic to a new message must not compile.
    public static String of(Message message) {
        return switch (message) {
            case OrderCreated created -> ORDER_CREATED;
            case OrderCancelRequested requested -> ORDER_CANCEL_REQUESTED;
            case OrderConfirmed confirmed -> ORDER_CONFIRMED;
            case OrderCancelled cancelled -> ORDER_CANCELLED;
            case OrderCommand command -> ORDER_COMMANDS;
            case InventoryCommand command -> INVENTORY_COMMANDS;
            case InventoryEvent event -> INVENTORY_UPDATED;
            case PaymentCommand command -> PAYMENT_COMMANDS;
            case PaymentEvent event -> PAYMENT_UPDATED;
        };
    }
}
