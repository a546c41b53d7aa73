package dev.lockstep.order.domain;

/** A product and the quantity ordered. */
public record OrderLine(String productId, int qty) {}
