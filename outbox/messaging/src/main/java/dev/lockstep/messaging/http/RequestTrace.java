package dev.lockstep.messaging.http;

import dev.lockstep.messaging.record.TraceContext;
import io.vertx.core.internal.http.HttpServerRequestInternal;
import io.vertx.ext.web.RoutingContext;
import org.jspecify.annotations.Nullable;

/** Finds the W3C trace context of an HTTP request. */
public final class RequestTrace {
    private RequestTrace() {}

    /** A request that has a span. The HTTP server's metrics object of the request implements this. */
    @FunctionalInterface
    public interface Traced {
        /** The trace context of the span, or null if the request has no span. */
        @Nullable
        String traceparent();
    }

    /** The trace context of the request's span. Without a span, that of the request's header; null if the header has no valid one. */
    public static @Nullable String of(RoutingContext ctx) {
        String own =
                ctx.request() instanceof HttpServerRequestInternal request && request.metric() instanceof Traced traced
                        ? traced.traceparent()
                        : null;
        return own != null ? own : TraceContext.orNull(ctx.request().getHeader(TraceContext.HEADER));
    }
}
