package dev.lockstep.saga.domain;

/** A product and the quantity ordered. */
public record OrderItem(String productId, int qty) {}
