package dev.lockstep.runtime.tracing;

import dev.lockstep.messaging.tracing.MessageTracing;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.spi.VertxMetricsFactory;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The traces of one service. If they are off, no class of the tracing library is loaded. */
public interface Tracing {
    Tracing OFF = new Tracing() {
        @Override
        public MessageTracing messages() {
            return MessageTracing.OFF;
        }

        @Override
        public VertxMetricsFactory http(VertxMetricsFactory metrics) {
            return metrics;
        }

        @Override
        public void close(Duration timeout) {}
    };

    /**
     * Starts to record and to export spans.
     *
     * @param export null if traces are off
     * @param service the name of the service in the log
     */
    static Tracing open(@Nullable TraceExport export, String service, MeterRegistry meters) {
        return export == null ? OFF : OpenTelemetryTracing.open(export, service, meters);
    }

    /** Records the spans of messages. */
    MessageTracing messages();

    /** Wraps the metrics of a Vert.x instance, whose HTTP servers then record a span for each request. */
    VertxMetricsFactory http(VertxMetricsFactory metrics);

    /**
     * Exports the spans that wait, and ends the export. Blocks until that is done, for at most this time and about a second; spans that are
     * left then are dropped.
     */
    void close(Duration timeout);
}
