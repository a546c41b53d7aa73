package dev.lockstep.bench.process;

import dev.lockstep.bench.Metric;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;

/** The CPU times of the parts of a scenario, such as {@code postgres} and {@code client}. */
public final class CpuMeter {
    private final Map<String, DoubleSupplier> parts = new LinkedHashMap<>();

    /** CPU seconds of each part at one time. */
    public record Reading(Map<String, Double> seconds) {
        /** The time of all parts together since an earlier reading, in seconds. */
        public double since(Reading earlier) {
            return seconds.entrySet().stream()
                    .mapToDouble(each -> each.getValue() - earlier.seconds.getOrDefault(each.getKey(), 0.0))
                    .sum();
        }
    }

    /** A process without its children. */
    public CpuMeter process(String part, long pid) {
        parts.put(part, () -> ProcFs.seconds(pid));
        return this;
    }

    /** A process with its children. */
    public CpuMeter tree(String part, long pid) {
        parts.put(part, () -> ProcFs.secondsOfTree(pid));
        return this;
    }

    /** This process without its children. */
    public CpuMeter self(String part) {
        return process(part, ProcessHandle.current().pid());
    }

    /** The children of this process that have ended, such as pgbench. */
    public CpuMeter endedChildren(String part) {
        long self = ProcessHandle.current().pid();
        parts.put(part, () -> ProcFs.secondsOfEndedChildren(self));
        return this;
    }

    public Reading read() {
        Map<String, Double> seconds = new TreeMap<>();
        parts.forEach((part, time) -> seconds.put(part, time.getAsDouble()));
        return new Reading(seconds);
    }

    /** The CPU time of each part between two readings, in microseconds per unit, by the names of {@link Metric}. */
    public static Map<String, Double> perUnit(Reading from, Reading to, double units) {
        Map<String, Double> values = new TreeMap<>();
        to.seconds().forEach((part, seconds) -> {
            double used = seconds - from.seconds().getOrDefault(part, 0.0);
            values.put(Metric.CPU + part, units == 0 ? 0 : used * TimeUnit.SECONDS.toMicros(1) / units);
        });
        return values;
    }
}
