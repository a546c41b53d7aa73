package dev.lockstep.contracts;

/** So many of one product. */
public record OrderItem(String productId, int qty) {
    public OrderItem {
        MemberRules.checkId(productId, "productId");
        MemberRules.check("qty", MemberRules.qtyProblem(qty));
    }
}
