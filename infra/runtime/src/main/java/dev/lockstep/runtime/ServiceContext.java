package dev.lockstep.runtime;

import io.micrometer.core.instrument.MeterRegistry;

/** The objects that the parts of a running service share. */
public record ServiceContext(ServiceConfig config, MeterRegistry meters, HealthChecks health) {}
