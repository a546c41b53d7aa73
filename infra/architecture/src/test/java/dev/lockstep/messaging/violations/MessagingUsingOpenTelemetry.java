package dev.lockstep.messaging.violations;

import io.opentelemetry.api.trace.SpanKind;

/** A deliberate violation. */
public final class MessagingUsingOpenTelemetry {
    public SpanKind kind() {
        return SpanKind.CLIENT;
    }
}
