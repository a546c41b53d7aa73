package dev.lockstep.saga.domain;

/** So many of one product. */
public record OrderItem(String productId, int qty) {}
