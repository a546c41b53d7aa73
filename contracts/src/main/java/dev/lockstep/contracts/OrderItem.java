package dev.lockstep.contracts;

/** So many of one product. */
public record OrderItem(String productId, int qty) {
    public OrderItem {
        FieldConstraints.checkId(productId, "productId");
        FieldConstraints.check("qty", FieldConstraints.qtyProblem(qty));
    }
}
