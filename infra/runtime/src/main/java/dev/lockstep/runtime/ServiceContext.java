package dev.lockstep.runtime;

import dev.lockstep.messaging.tracing.MessageTracing;
import dev.lockstep.messaging.tracing.Telemetry;
import io.micrometer.core.instrument.MeterRegistry;

/**
 * The objects that the parts of a running service share.
 *
 * @param tracing records the spans of messages; pass it to the outbox
 */
public record ServiceContext(ServiceConfig config, MeterRegistry meters, HealthChecks health, MessageTracing tracing) {
    /** A service without traces. */
    public ServiceContext(ServiceConfig config, MeterRegistry meters, HealthChecks health) {
        this(config, meters, health, MessageTracing.OFF);
    }

    /** What messaging reports to. */
    public Telemetry telemetry() {
        return new Telemetry(meters, tracing);
    }
}
