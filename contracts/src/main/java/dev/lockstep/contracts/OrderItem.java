package dev.lockstep.contracts;

/** A product and the quantity ordered. */
public record OrderItem(String productId, int qty) {
    public OrderItem {
        FieldConstraints.checkId(productId, "productId");
        FieldConstraints.check("qty", FieldConstraints.qtyProblem(qty));
    }
}
