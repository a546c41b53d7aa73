package dev.lockstep.runtime;

import com.fasterxml.jackson.annotation.JsonValue;

/** A value that is used but never shown: records that hold one can be logged as they are. */
public record Secret(String value) {
    // Logging as JSON writes objects member by member, and would not ask for toString otherwise.
    @JsonValue
    @Override
    public String toString() {
        return "***";
    }
}
