package dev.lockstep.bench;

import dev.lockstep.bench.Variant.Role;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.DoubleStream;

/**
 * Measures the variants of a scenario in rounds. Each round measures all variants, every second round in reverse order, so that a machine
 * that becomes slower or faster affects them alike. A round in which the limit differs by more than 15 % from its median is not used, and
 * another round takes its place.
 */
public final class Rounds {
    static final double TOLERANCE = 0.15;
    private static final int ATTEMPTS_PER_ROUND = 2;

    private Rounds() {}

    /**
     * The rounds that count, and those that do not.
     *
     * @param steady whether enough rounds count
     */
    public record Measured(List<Round> kept, List<Round> discarded, boolean steady) {
        public Measured {
            kept = List.copyOf(kept);
            discarded = List.copyOf(discarded);
        }
    }

    /**
     * Measures until enough rounds count, or until twice as many rounds were measured.
     *
     * @param beforeRound prepares what the variants of a round share
     */
    public static Measured run(Lab lab, List<Variant> variants, Runnable beforeRound) {
        List<Round> all = new ArrayList<>();
        List<Round> kept = List.of();
        while (kept.size() < lab.rounds() && all.size() < ATTEMPTS_PER_ROUND * lab.rounds()) {
            int number = all.size() + 1;
            beforeRound.run();
            Map<String, Map<String, Double>> values = new LinkedHashMap<>();
            List<Variant> order = number % 2 == 0 ? variants.reversed() : variants;
            for (Variant variant : order) {
                Map<String, Double> measured =
                        new TreeMap<>(variant.measurement().measure());
                lab.progress("round " + number + ", " + variant.name() + ": " + describe(measured));
                values.put(variant.name(), measured);
            }
            all.add(new Round(number, values));
            kept = steady(all, limits(variants));
        }
        List<Round> counted = kept;
        return new Measured(
                kept, all.stream().filter(round -> !counted.contains(round)).toList(), kept.size() >= lab.rounds());
    }

    /** Returns the rounds in which the rate of every limit is within 15 % of the median of all rounds. */
    static List<Round> steady(List<Round> rounds, List<String> limits) {
        Map<String, Double> medians = new TreeMap<>();
        limits.forEach(limit -> medians.put(limit, median(rounds, limit, Metric.RATE)));
        return rounds.stream()
                .filter(round -> limits.stream().allMatch(limit -> {
                    double median = medians.getOrDefault(limit, 0.0);
                    double rate = value(round, limit, Metric.RATE);
                    return Math.abs(rate - median) <= TOLERANCE * median;
                }))
                .toList();
    }

    /** The median of each value of a variant. */
    public static Map<String, Double> medians(List<Round> rounds, String variant) {
        Map<String, Double> medians = new TreeMap<>();
        rounds.stream()
                .flatMap(round -> round.values().getOrDefault(variant, Map.of()).keySet().stream())
                .distinct()
                .forEach(metric -> medians.put(metric, median(rounds, variant, metric)));
        return medians;
    }

    private static double median(List<Round> rounds, String variant, String metric) {
        return median(rounds.stream().mapToDouble(round -> value(round, variant, metric)));
    }

    static double median(DoubleStream values) {
        double[] sorted = values.sorted().toArray();
        if (sorted.length == 0) {
            return 0;
        }
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    private static double value(Round round, String variant, String metric) {
        return round.values().getOrDefault(variant, Map.of()).getOrDefault(metric, 0.0);
    }

    private static List<String> limits(List<Variant> variants) {
        return variants.stream()
                .filter(variant -> variant.role() == Role.LIMIT)
                .map(Variant::name)
                .toList();
    }

    private static String describe(Map<String, Double> values) {
        StringBuilder text = new StringBuilder();
        values.forEach((name, value) ->
                text.append(text.isEmpty() ? "" : ", ").append(name).append(String.format(" %,.3f", value)));
        return text.toString();
    }
}
