package dev.lockstep.runtime.tracing;

import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.spi.metrics.HttpServerMetrics;
import io.vertx.core.spi.observability.HttpRequest;
import io.vertx.core.spi.observability.HttpResponse;
import org.jspecify.annotations.Nullable;

/**
 * Records a span for each request of an HTTP server, from its first line to the end of its response. The metrics of a response refer to the
 * trace of its request. Vert.x calls the metrics of a server for every request, including those that never reach a route.
 *
 * @param <R> the metrics object of a request
 */
final class TracedHttpServerMetrics<R, W, S> implements HttpServerMetrics<TracedRequest<R>, W, S> {
    private final HttpServerMetrics<R, W, S> metrics;
    private final Spans spans;

    TracedHttpServerMetrics(HttpServerMetrics<R, W, S> metrics, Spans spans) {
        this.metrics = metrics;
        this.spans = spans;
    }

    @Override
    public TracedRequest<R> requestBegin(S socket, HttpRequest request) {
        return TracedRequest.begin(spans, request, metrics.requestBegin(socket, request));
    }

    @Override
    public void requestEnd(TracedRequest<R> request, HttpRequest details, long bytesRead) {
        metrics.requestEnd(request.metric(), details, bytesRead);
    }

    @Override
    public void requestReset(TracedRequest<R> request) {
        request.inTrace(() -> metrics.requestReset(request.metric()));
        request.reset();
    }

    @Override
    public void requestRouted(TracedRequest<R> request, String route) {
        request.routed(route);
        metrics.requestRouted(request.metric(), route);
    }

    @Override
    public void responseBegin(TracedRequest<R> request, HttpResponse response) {
        metrics.responseBegin(request.metric(), response);
    }

    @Override
    public void responseEnd(TracedRequest<R> request, HttpResponse response, long bytesWritten) {
        request.inTrace(() -> metrics.responseEnd(request.metric(), response, bytesWritten));
        request.end(response.statusCode());
    }

    @Override
    public @Nullable TracedRequest<R> responsePushed(S socket, HttpMethod method, String uri, HttpResponse response) {
        R pushed = metrics.responsePushed(socket, method, uri, response);
        return pushed == null ? null : TracedRequest.without(pushed);
    }

    @Override
    public W connected(S socket, TracedRequest<R> request, ServerWebSocket webSocket) {
        return metrics.connected(socket, request.metric(), webSocket);
    }

    @Override
    public void disconnected(W webSocket) {
        metrics.disconnected(webSocket);
    }

    @Override
    public S connected(SocketAddress remote, String name) {
        return metrics.connected(remote, name);
    }

    @Override
    public void disconnected(S socket, SocketAddress remote) {
        metrics.disconnected(socket, remote);
    }

    @Override
    public void bytesRead(S socket, SocketAddress remote, long bytes) {
        metrics.bytesRead(socket, remote, bytes);
    }

    @Override
    public void bytesWritten(S socket, SocketAddress remote, long bytes) {
        metrics.bytesWritten(socket, remote, bytes);
    }

    @Override
    public void exceptionOccurred(S socket, SocketAddress remote, Throwable failure) {
        metrics.exceptionOccurred(socket, remote, failure);
    }

    @Override
    public void close() {
        metrics.close();
    }
}
