package dev.lockstep.runtime;

/** A value that is used but never shown: records that hold one can be logged as they are. */
public record Secret(String value) {
    @Override
    public String toString() {
        return "***";
    }
}
