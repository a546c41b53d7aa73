package dev.lockstep.contracts;

/** Make the order final. */
public record ConfirmOrder(String orderId, Money total) implements OrderCommand {
    public ConfirmOrder {
        Required.text(orderId, "orderId");
        Required.present(total, "total");
    }
}
