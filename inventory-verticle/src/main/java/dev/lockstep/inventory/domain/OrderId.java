package dev.lockstep.inventory.domain;

/** The order that stock is held for. The order service generates the id. It is validated where messages and HTTP requests are read. */
public record OrderId(String value) {
    @Override
    public String toString() {
        return value;
    }
}
