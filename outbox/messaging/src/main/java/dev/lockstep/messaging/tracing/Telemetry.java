package dev.lockstep.messaging.tracing;

import io.micrometer.core.instrument.MeterRegistry;

/**
 * What the library reports to.
 *
 * @param meters receives the metrics
 * @param tracing records the path of messages
 */
public record Telemetry(MeterRegistry meters, MessageTracing tracing) {
    /** Metrics without traces. */
    public static Telemetry of(MeterRegistry meters) {
        return new Telemetry(meters, MessageTracing.OFF);
    }
}
