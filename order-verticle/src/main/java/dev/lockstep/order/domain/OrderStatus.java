package dev.lockstep.order.domain;

/** Status of an order as clients see it. */
public enum OrderStatus {
    PENDING,
    CONFIRMED,
    CANCELLED
}
