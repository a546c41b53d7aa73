package dev.lockstep.runtime.tracing;

import dev.lockstep.messaging.tracing.MessageTracing;
import io.micrometer.core.instrument.MeterRegistry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporterBuilder;
import io.opentelemetry.sdk.common.export.RetryPolicy;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.SpanLimits;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import io.vertx.core.spi.VertxMetricsFactory;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Traces that are on. */
final class OpenTelemetryTracing implements Tracing {
    // The library logs to standard error, through java.util.logging. SpanExport reports failures in our log. The logger
    // is kept here because the JDK forgets the level of a logger that is not referenced.
    private static final Logger LIBRARY = Logger.getLogger("io.opentelemetry");
    // The waits between the attempts are short enough for all of them within the timeout.
    private static final int MAX_ATTEMPTS = 3;
    private static final int MAX_VALUE_LENGTH = 500;
    private static final Duration MAX_CONNECT_TIMEOUT = Duration.ofSeconds(5);

    static {
        LIBRARY.setLevel(Level.OFF);
    }

    private final SdkTracerProvider provider;
    private final Runnable abort;
    private final Spans spans;
    private final MessageTracing messages;

    /** @param abort drops the spans that wait */
    OpenTelemetryTracing(SpanProcessor processor, double ratio, String serviceName, Runnable abort) {
        this.provider = SdkTracerProvider.builder()
                .setResource(Resource.getDefault()
                        .merge(Resource.create(Attributes.of(AttributeKey.stringKey("service.name"), serviceName))))
                .setSampler(Sampler.parentBased(ratio >= 1 ? Sampler.alwaysOn() : Sampler.traceIdRatioBased(ratio)))
                .setSpanLimits(SpanLimits.builder()
                        .setMaxAttributeValueLength(MAX_VALUE_LENGTH)
                        .build())
                .addSpanProcessor(processor)
                .build();
        this.abort = abort;
        this.spans = new Spans(provider.get("dev.lockstep"));
        this.messages = new MessageSpans(spans);
    }

    static OpenTelemetryTracing open(TraceExport export, String service, MeterRegistry meters) {
        ExportThreads threads = new ExportThreads(service);
        Duration timeout = export.timeout();
        OtlpHttpSpanExporterBuilder exporter = OtlpHttpSpanExporter.builder()
                .setEndpoint(tracesUri(export.endpoint()).toString())
                .setTimeout(timeout)
                .setConnectTimeout(timeout.compareTo(MAX_CONNECT_TIMEOUT) < 0 ? timeout : MAX_CONNECT_TIMEOUT)
                .setRetryPolicy(RetryPolicy.builder()
                        .setMaxAttempts(MAX_ATTEMPTS)
                        .setInitialBackoff(timeout.dividedBy(MAX_ATTEMPTS * 4))
                        .setMaxBackoff(timeout.dividedBy(MAX_ATTEMPTS * 2))
                        .build())
                .setExecutorService(threads);
        export.headers().forEach(exporter::addHeader);
        SpanExport processor = new SpanExport(
                service,
                authority(export.endpoint()),
                exporter.build(),
                threads,
                timeout.plus(timeout.dividedBy(MAX_ATTEMPTS)).plusSeconds(1),
                meters);
        return new OpenTelemetryTracing(processor, export.ratio(), export.serviceName(), () -> {
            processor.abort();
            threads.shutdownNow();
        });
    }

    @Override
    public MessageTracing messages() {
        return messages;
    }

    @Override
    public VertxMetricsFactory http(VertxMetricsFactory metrics) {
        return new TracedVertxMetrics.Factory(metrics, spans);
    }

    @Override
    public void close(Duration timeout) {
        provider.shutdown().join(timeout.toNanos(), TimeUnit.NANOSECONDS);
        abort.run();
    }

    static URI tracesUri(URI endpoint) {
        String base = endpoint.toString();
        return URI.create(base.endsWith("/") ? base + "v1/traces" : base + "/v1/traces");
    }

    private static String authority(URI endpoint) {
        return endpoint.getHost() + (endpoint.getPort() < 0 ? "" : ":" + endpoint.getPort());
    }
}
