package dev.lockstep.runtime.tracing;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import org.jspecify.annotations.Nullable;

/** Begins spans from trace contexts, and returns the trace contexts of spans. No context is kept on the thread. */
final class Spans {
    private static final int SPAN_ID_BEGIN = 36;
    private static final int SPAN_ID_END = 52;
    private static final int TRACE_ID_BEGIN = 3;
    private static final int TRACE_ID_END = 35;

    private final Tracer tracer;

    Spans(Tracer tracer) {
        this.tracer = tracer;
    }

    /** @param parent a valid trace context, or null to begin a trace */
    SpanBuilder builder(String name, SpanKind kind, @Nullable String parent) {
        SpanBuilder builder = tracer.spanBuilder(name).setSpanKind(kind);
        return parent == null ? builder.setNoParent() : builder.setParent(context(parent));
    }

    /** The trace context of the span. */
    static String traceparent(Span span, @Nullable String parent) {
        SpanContext context = span.getSpanContext();
        return TraceParents.of(context.getTraceId(), context.getSpanId(), context.getTraceFlags(), parent);
    }

    private static Context context(String parent) {
        return Context.root()
                .with(Span.wrap(SpanContext.createFromRemoteParent(
                        parent.substring(TRACE_ID_BEGIN, TRACE_ID_END),
                        parent.substring(SPAN_ID_BEGIN, SPAN_ID_END),
                        TraceFlags.fromByte(TraceParents.flags(parent)),
                        TraceState.getDefault())));
    }
}
