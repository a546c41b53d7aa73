package dev.lockstep.saga.domain;

/** The order that a saga sees through. Opaque: only the order service knows how one is made. */
public record OrderId(String value) {
    @Override
    public String toString() {
        return value;
    }
}
