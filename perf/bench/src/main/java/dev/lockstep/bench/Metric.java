package dev.lockstep.bench;

/** The names of the measured values. A name ends with the unit of its value, except for the rate and latencies. */
public final class Metric {
    /** Units a second; the scenario names the unit. */
    public static final String RATE = "rate";
    /** Prefix of the CPU time in microseconds per unit; the part of the system follows. */
    public static final String CPU = "cpu.";
    /** Latencies in milliseconds. */
    public static final String P50 = "p50";

    public static final String P99 = "p99";
    public static final String MAX = "max";

    private Metric() {}
}
