package dev.lockstep.runtime;

import dev.lockstep.runtime.tracing.CurrentTrace;
import dev.lockstep.runtime.tracing.Tracing;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmHeapPressureMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.internal.VertxInternal;
import io.vertx.micrometer.Label;
import io.vertx.micrometer.MicrometerMetricsFactory;
import io.vertx.micrometer.MicrometerMetricsOptions;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** The meters of one service. Each service has its own registry, so that several services in one JVM do not share meters. */
public final class ServiceMetrics implements AutoCloseable {
    private static final String HTTP_RESPONSE_TIME = "vertx.http.server.response.time";
    private static final double[] HTTP_BUCKETS_SECONDS = {
        0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10
    };
    private static final Set<String> METHODS = Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

    private final PrometheusMeterRegistry registry;
    private final JvmGcMetrics collections = new JvmGcMetrics();
    private final JvmHeapPressureMetrics heapPressure = new JvmHeapPressureMetrics();

    /** Metrics without exemplars. */
    public ServiceMetrics(String service) {
        this(service, false);
    }

    /** @param exemplars whether histograms refer to the current trace */
    public ServiceMetrics(String service, boolean exemplars) {
        registry = exemplars
                ? new PrometheusMeterRegistry(
                        PrometheusConfig.DEFAULT, new PrometheusRegistry(), Clock.SYSTEM, new CurrentTrace())
                : new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        registry.config()
                .commonTags(Tags.of("service", service))
                .meterFilter(buckets())
                // A client may send arbitrary methods, and each would create a time series forever.
                .meterFilter(MeterFilter.replaceTagValues(
                        Label.HTTP_METHOD.toString(), method -> METHODS.contains(method) ? method : "other"));
        collections.bindTo(registry);
        heapPressure.bindTo(registry);
        List.of(
                        new JvmMemoryMetrics(),
                        new JvmThreadMetrics(),
                        new ClassLoaderMetrics(),
                        new ProcessorMetrics(),
                        new FileDescriptorMetrics(),
                        new UptimeMetrics())
                .forEach(binder -> binder.bindTo(registry));
    }

    public MeterRegistry registry() {
        return registry;
    }

    /** Creates a Vert.x instance whose HTTP server, pools and event loops report to this registry. */
    public Vertx vertx() {
        return vertx(Tracing.OFF);
    }

    /** Creates a Vert.x instance as above, whose HTTP server also records spans. */
    public Vertx vertx(Tracing tracing) {
        VertxOptions options = new VertxOptions()
                .setFileSystemOptions(withoutFileCache())
                .setMetricsOptions(new MicrometerMetricsOptions()
                        .setEnabled(true)
                        .setLabels(EnumSet.of(
                                Label.HTTP_METHOD,
                                Label.HTTP_CODE,
                                Label.HTTP_ROUTE,
                                Label.POOL_TYPE,
                                Label.POOL_NAME,
                                Label.CLIENT_NAME)));
        Vertx vertx = Vertx.builder()
                .with(options)
                .withTransport(AcceptThrottle.transport())
                .withMetrics(tracing.http(new MicrometerMetricsFactory(registry)))
                .build();
        EventLoopMonitor.monitor(((VertxInternal) vertx).nettyEventLoopGroup(), registry);
        return vertx;
    }

    /** No file is read from the class path. The cache of such files would stay in the temporary folder after a killed process. */
    public static FileSystemOptions withoutFileCache() {
        return new FileSystemOptions().setClassPathResolvingEnabled(false).setFileCachingEnabled(false);
    }

    private static MeterFilter buckets() {
        double[] nanoseconds = Arrays.stream(HTTP_BUCKETS_SECONDS)
                .map(seconds -> seconds * Duration.ofSeconds(1).toNanos())
                .toArray();
        return new MeterFilter() {
            @Override
            public DistributionStatisticConfig configure(Meter.Id id, DistributionStatisticConfig config) {
                return id.getName().equals(HTTP_RESPONSE_TIME)
                        ? DistributionStatisticConfig.builder()
                                .serviceLevelObjectives(nanoseconds)
                                .build()
                                .merge(config)
                        : config;
            }
        };
    }

    @Override
    public void close() {
        heapPressure.close();
        collections.close();
        registry.close();
    }
}
