package dev.lockstep.saga.domain;

/** The order that a saga coordinates. The order service generates the id. It is validated where messages and HTTP requests are read. */
public record OrderId(String value) {
    @Override
    public String toString() {
        return value;
    }
}
