package dev.lockstep.bench.report;

import dev.lockstep.bench.Goal;
import dev.lockstep.bench.Metric;
import dev.lockstep.bench.ScenarioResult;
import dev.lockstep.bench.ScenarioResult.Summary;
import dev.lockstep.bench.Variant.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** The results as Markdown. */
public final class Table {
    private static final Set<String> OWN_COLUMNS = Set.of(Metric.RATE, Metric.P50, Metric.P99, Metric.MAX);

    private Table() {}

    /** One table with all variants of all scenarios. */
    public static List<String> variants(List<ScenarioResult> results) {
        List<String> lines = new ArrayList<>(List.of(
                "| # | variant | | per second | × limit | CPU µs per unit | p50 ms | p99 ms | other values |",
                "|---|---|---|---:|---:|---:|---:|---:|---|"));
        for (ScenarioResult result : results) {
            lines.add(
                    "| **%s** | **%s** | | | | | | | unit: %s |".formatted(result.id(), result.title(), result.unit()));
            double limit = result.variants().stream()
                    .filter(each -> each.role() == Role.LIMIT)
                    .mapToDouble(each -> each.value(Metric.RATE))
                    .findFirst()
                    .orElse(0);
            result.variants().forEach(each -> lines.add(row(result, each, limit)));
        }
        return lines;
    }

    /** One table with all marks. */
    public static List<String> goals(List<ScenarioResult> results) {
        List<String> lines =
                new ArrayList<>(List.of("| # | value | measured | mark | reached |", "|---|---|---:|---:|---|"));
        for (ScenarioResult result : results) {
            for (Goal goal : result.goals()) {
                lines.add("| %s | %s | %s | %s %s | %s |"
                        .formatted(
                                result.id(),
                                goal.text(),
                                number(goal.value()),
                                goal.atLeast() ? "≥" : "≤",
                                number(goal.mark()),
                                goal.isReached() ? "yes" : "**no**"));
            }
        }
        return lines;
    }

    /** How many rounds count in each scenario. */
    public static List<String> rounds(List<ScenarioResult> results) {
        return results.stream()
                .map(result -> "- %s: %d rounds, %d not used because the limit had moved by more than 15 %%%s"
                        .formatted(
                                result.id(),
                                result.rounds().kept().size(),
                                result.rounds().discarded().size(),
                                result.rounds().steady() ? "" : "; **too few: the machine was not steady**"))
                .toList();
    }

    private static String row(ScenarioResult result, Summary variant, double limit) {
        Map<String, Double> values = variant.values();
        return "| %s | %s | %s | %s | %s | %s | %s | %s | %s |"
                .formatted(
                        result.id(),
                        variant.name(),
                        variant.role().name().toLowerCase(Locale.ROOT),
                        values.containsKey(Metric.RATE) ? number(variant.value(Metric.RATE)) : "",
                        limit == 0 || variant.role() == Role.LIMIT ? "" : number(variant.value(Metric.RATE) / limit),
                        cpu(variant),
                        latency(values, Metric.P50),
                        latency(values, Metric.P99),
                        others(values));
    }

    private static String cpu(Summary variant) {
        String parts = variant.values().entrySet().stream()
                .filter(value -> value.getKey().startsWith(Metric.CPU))
                .map(value -> value.getKey().substring(Metric.CPU.length()) + " " + number(value.getValue()))
                .collect(Collectors.joining(", "));
        return parts.isEmpty() ? "" : number(variant.cpu()) + " (" + parts + ")";
    }

    private static String latency(Map<String, Double> values, String name) {
        return values.containsKey(name) ? number(values.getOrDefault(name, 0.0)) : "";
    }

    private static String others(Map<String, Double> values) {
        return values.entrySet().stream()
                .filter(value ->
                        !OWN_COLUMNS.contains(value.getKey()) && !value.getKey().startsWith(Metric.CPU))
                .map(value -> value.getKey() + " " + number(value.getValue()))
                .collect(Collectors.joining(", "));
    }

    /** Three significant digits, and all digits of larger numbers. */
    static String number(double value) {
        double size = Math.abs(value);
        int decimals = size >= 100 ? 0 : size >= 10 ? 1 : 2;
        return String.format(Locale.ROOT, "%,." + decimals + "f", value);
    }
}
