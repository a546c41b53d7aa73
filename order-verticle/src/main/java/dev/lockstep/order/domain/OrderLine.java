package dev.lockstep.order.domain;

/** So many of one product. */
public record OrderLine(String productId, int qty) {}
