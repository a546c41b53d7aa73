package dev.lockstep.order.domain;

/** What the outside is told about where an order stands. */
public enum OrderStatus {
    PENDING,
    CONFIRMED,
    CANCELLED
}
