package dev.lockstep.bench;

import dev.lockstep.bench.Variant.Role;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a scenario measured.
 *
 * @param unit what rates and CPU times count, such as {@code order}
 * @param variants with the medians of the rounds that count
 * @param settings settings of the servers that were read while the scenario ran, such as {@code fsync = on}
 */
public record ScenarioResult(
        String id,
        String title,
        String unit,
        List<Summary> variants,
        Rounds.Measured rounds,
        List<Goal> goals,
        List<String> settings) {
    public ScenarioResult {
        variants = List.copyOf(variants);
        goals = List.copyOf(goals);
        settings = List.copyOf(settings);
    }

    /** The medians of a variant. */
    public record Summary(String name, Role role, Map<String, Double> values) {
        public Summary {
            values = new TreeMap<>(values);
        }

        public double value(String metric) {
            return values.getOrDefault(metric, 0.0);
        }

        /** The sum of the CPU times of all parts, in microseconds per unit. */
        public double cpu() {
            return values.entrySet().stream()
                    .filter(value -> value.getKey().startsWith(Metric.CPU))
                    .mapToDouble(Map.Entry::getValue)
                    .sum();
        }
    }

    /** Summarises the rounds that count. */
    public static List<Summary> summaries(List<Variant> variants, Rounds.Measured rounds) {
        return variants.stream()
                .map(variant ->
                        new Summary(variant.name(), variant.role(), Rounds.medians(rounds.kept(), variant.name())))
                .toList();
    }

    /** The first value divided by the second one, or 0 if there is no second one. */
    public static double ratio(double value, double of) {
        return of == 0 ? 0 : value / of;
    }
}
