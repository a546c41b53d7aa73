package dev.lockstep.bench;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The values of all variants, measured one directly after the other.
 *
 * @param number 1 for the first round of a scenario
 * @param values the values of each variant, by its name
 */
public record Round(int number, Map<String, Map<String, Double>> values) {
    public Round {
        values = new LinkedHashMap<>(values);
    }
}
