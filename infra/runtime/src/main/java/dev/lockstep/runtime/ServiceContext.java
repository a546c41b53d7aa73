package dev.lockstep.runtime;

import io.micrometer.core.instrument.MeterRegistry;

/** What a running service shares among its parts. */
public record ServiceContext(ServiceConfig config, MeterRegistry meters, HealthChecks health) {}
