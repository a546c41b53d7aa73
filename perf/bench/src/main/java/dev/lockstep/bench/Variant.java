package dev.lockstep.bench;

import java.util.Map;

/**
 * One of the things that a scenario compares.
 *
 * @param measurement measures once; called once in each round
 */
public record Variant(String name, Role role, Measurement measurement) {
    /** What a variant is measured for. */
    public enum Role {
        /** Part of Lockstep. */
        SUBJECT,
        /** What this machine can do at most. It is also the reference that shows whether the machine was steady. */
        LIMIT,
        /** Another way to do what the subject does. */
        PEER
    }

    /** Measures once and returns the values by the names of {@link Metric}. */
    @FunctionalInterface
    public interface Measurement {
        Map<String, Double> measure();
    }
}
