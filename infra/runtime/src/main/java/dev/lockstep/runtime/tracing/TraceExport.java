package dev.lockstep.runtime.tracing;

import java.net.URI;
import java.time.Duration;
import java.util.Map;

/**
 * Where the spans of a service are sent, and which.
 *
 * @param endpoint the base address of the receiver; spans are sent to {@code /v1/traces} below it
 * @param headers sent with every request, for example a token; never printed
 * @param ratio the share of the traces begun by this service that are recorded, from 0 to 1. A trace that was begun elsewhere is recorded if
 *     its caller records it
 * @param serviceName the name of the service in the traces
 * @param timeout how long the export of a batch may take
 */
public record TraceExport(
        URI endpoint, Map<String, String> headers, double ratio, String serviceName, Duration timeout) {
    public TraceExport {
        headers = Map.copyOf(headers);
    }

    @Override
    public String toString() {
        return "TraceExport[endpoint=%s, headers=%s, ratio=%s, serviceName=%s, timeout=%s]"
                .formatted(endpoint, headers.isEmpty() ? "none" : "***", ratio, serviceName, timeout);
    }
}
