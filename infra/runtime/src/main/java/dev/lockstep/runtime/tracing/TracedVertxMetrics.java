package dev.lockstep.runtime.tracing;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.datagram.DatagramSocketOptions;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.json.JsonObject;
import io.vertx.core.metrics.MetricsOptions;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.spi.VertxMetricsFactory;
import io.vertx.core.spi.metrics.ClientMetrics;
import io.vertx.core.spi.metrics.DatagramSocketMetrics;
import io.vertx.core.spi.metrics.EventBusMetrics;
import io.vertx.core.spi.metrics.HttpClientMetrics;
import io.vertx.core.spi.metrics.HttpServerMetrics;
import io.vertx.core.spi.metrics.PoolMetrics;
import io.vertx.core.spi.metrics.TCPMetrics;
import io.vertx.core.spi.metrics.VertxMetrics;
import org.jspecify.annotations.Nullable;

/** The metrics of a Vert.x instance whose HTTP servers also record spans. Everything else is passed on. */
record TracedVertxMetrics(VertxMetrics metrics, Spans spans) implements VertxMetrics {

    /** Wraps the metrics that another factory creates. */
    record Factory(VertxMetricsFactory factory, Spans spans) implements VertxMetricsFactory {
        @Override
        public VertxMetrics metrics(VertxOptions options) {
            return new TracedVertxMetrics(factory.metrics(options), spans);
        }

        @Override
        public MetricsOptions newOptions() {
            return factory.newOptions();
        }

        @Override
        public MetricsOptions newOptions(MetricsOptions options) {
            return factory.newOptions(options);
        }

        @Override
        public MetricsOptions newOptions(JsonObject json) {
            return factory.newOptions(json);
        }
    }

    @Override
    public @Nullable HttpServerMetrics<?, ?, ?> createHttpServerMetrics(
            HttpServerOptions options, SocketAddress address) {
        HttpServerMetrics<?, ?, ?> created = metrics.createHttpServerMetrics(options, address);
        return created == null ? null : new TracedHttpServerMetrics<>(created, spans);
    }

    @Override
    public @Nullable EventBusMetrics<?> createEventBusMetrics() {
        return metrics.createEventBusMetrics();
    }

    @Override
    public @Nullable ClientMetrics<?, ?, ?> createClientMetrics(SocketAddress address, String type, String namespace) {
        return metrics.createClientMetrics(address, type, namespace);
    }

    @Override
    public @Nullable HttpClientMetrics<?, ?, ?> createHttpClientMetrics(HttpClientOptions options) {
        return metrics.createHttpClientMetrics(options);
    }

    @Override
    public @Nullable TCPMetrics<?> createNetServerMetrics(NetServerOptions options, SocketAddress address) {
        return metrics.createNetServerMetrics(options, address);
    }

    @Override
    public @Nullable TCPMetrics<?> createNetClientMetrics(NetClientOptions options) {
        return metrics.createNetClientMetrics(options);
    }

    @Override
    public @Nullable DatagramSocketMetrics createDatagramSocketMetrics(DatagramSocketOptions options) {
        return metrics.createDatagramSocketMetrics(options);
    }

    @Override
    public @Nullable PoolMetrics<?, ?> createPoolMetrics(String type, String name, int maxSize) {
        return metrics.createPoolMetrics(type, name, maxSize);
    }

    @Override
    public void vertxCreated(Vertx vertx) {
        metrics.vertxCreated(vertx);
    }

    @Override
    public boolean isMetricsEnabled() {
        return metrics.isMetricsEnabled();
    }

    @Override
    public void close() {
        metrics.close();
    }
}
