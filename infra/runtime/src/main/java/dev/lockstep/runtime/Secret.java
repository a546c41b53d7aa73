package dev.lockstep.runtime;

import com.fasterxml.jackson.annotation.JsonValue;

/** A value that is used but never printed. Records that contain one are safe to log. */
public record Secret(String value) {
    // JSON logging serialises objects member by member and would bypass toString without this annotation.
    @JsonValue
    @Override
    public String toString() {
        return "***";
    }
}
