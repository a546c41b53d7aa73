package dev.lockstep.runtime.tracing;

import dev.lockstep.messaging.tracing.MessageTracing;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.vertx.core.spi.VertxMetricsFactory;
import java.util.List;

/** Traces whose spans stay in memory. */
public final class RecordedTraces {
    private final InMemorySpanExporter exporter = InMemorySpanExporter.create();
    private final Tracing tracing;

    public RecordedTraces() {
        this(1);
    }

    /** @param ratio the share of the new traces that is recorded */
    public RecordedTraces(double ratio) {
        tracing = new OpenTelemetryTracing(SimpleSpanProcessor.create(exporter), ratio, "test-service", () -> {});
    }

    public MessageTracing messages() {
        return tracing.messages();
    }

    public VertxMetricsFactory http(VertxMetricsFactory metrics) {
        return tracing.http(metrics);
    }

    public Tracing tracing() {
        return tracing;
    }

    /** The spans that have ended. */
    public List<SpanData> spans() {
        return exporter.getFinishedSpanItems();
    }

    public static String traceparent(SpanData span) {
        return "00-" + span.getTraceId() + "-" + span.getSpanId() + "-"
                + span.getSpanContext().getTraceFlags().asHex();
    }
}
