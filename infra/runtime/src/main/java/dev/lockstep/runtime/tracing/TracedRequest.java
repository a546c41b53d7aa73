package dev.lockstep.runtime.tracing;

import dev.lockstep.messaging.http.RequestTrace.Traced;
import dev.lockstep.messaging.record.TraceContext;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.vertx.core.spi.observability.HttpRequest;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The span of a request, named and described by the semantic conventions for HTTP, beside the request's own metrics object. Used on the
 * event loop of the connection.
 */
final class TracedRequest<R> implements Traced {
    private static final AttributeKey<String> METHOD = AttributeKey.stringKey("http.request.method");
    private static final AttributeKey<String> PATH = AttributeKey.stringKey("url.path");
    private static final AttributeKey<String> ROUTE = AttributeKey.stringKey("http.route");
    private static final AttributeKey<Long> STATUS = AttributeKey.longKey("http.response.status_code");
    private static final AttributeKey<String> ERROR = AttributeKey.stringKey("error.type");
    private static final Set<String> METHODS = Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");
    private static final int SERVER_ERROR = 500;

    private final R metric;
    private final @Nullable Span span;
    private final @Nullable String traceparent;
    private final String method;

    private TracedRequest(R metric, @Nullable Span span, @Nullable String traceparent, String method) {
        this.metric = metric;
        this.span = span;
        this.traceparent = traceparent;
        this.method = method;
    }

    static <R> TracedRequest<R> begin(Spans spans, HttpRequest request, R metric) {
        String path = path(request.uri());
        if (isPolled(path)) {
            return without(metric);
        }
        String parent = TraceContext.orNull(request.headers().get(TraceContext.HEADER));
        boolean known = METHODS.contains(request.method().name());
        Span span = spans.builder(known ? request.method().name() : "HTTP", SpanKind.SERVER, parent)
                .setAttribute(METHOD, known ? request.method().name() : "_OTHER")
                .setAttribute(PATH, path)
                .startSpan();
        return new TracedRequest<>(
                metric,
                span,
                Spans.traceparent(span, parent),
                known ? request.method().name() : "HTTP");
    }

    /** A request without a span. */
    static <R> TracedRequest<R> without(R metric) {
        return new TracedRequest<>(metric, null, null, "");
    }

    // These are asked every few seconds, and would be most of the traces of a service.
    private static boolean isPolled(String path) {
        return path.startsWith("/health/") || path.equals("/metrics");
    }

    private static String path(@Nullable String uri) {
        if (uri == null) {
            return "";
        }
        int query = uri.indexOf('?');
        return query < 0 ? uri : uri.substring(0, query);
    }

    R metric() {
        return metric;
    }

    @Override
    public @Nullable String traceparent() {
        return traceparent;
    }

    void inTrace(Runnable task) {
        CurrentTrace.run(traceparent, task);
    }

    /** The route that matched last is the one that answers. */
    void routed(@Nullable String route) {
        if (span != null && route != null) {
            span.updateName(method + ' ' + route);
            span.setAttribute(ROUTE, route);
        }
    }

    void end(int status) {
        if (span == null) {
            return;
        }
        span.setAttribute(STATUS, status);
        if (status >= SERVER_ERROR) {
            span.setAttribute(ERROR, Integer.toString(status));
            span.setStatus(StatusCode.ERROR);
        }
        span.end();
    }

    void reset() {
        if (span != null) {
            span.setAttribute(ERROR, "connection closed");
            span.setStatus(StatusCode.ERROR, "the connection was closed before the response was complete");
            span.end();
        }
    }
}
