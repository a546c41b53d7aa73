package dev.lockstep.runtime.tracing;

import dev.lockstep.messaging.record.TraceContext;
import io.prometheus.metrics.tracer.common.SpanContext;
import org.jspecify.annotations.Nullable;

/** The trace that metrics recorded on this thread refer to. Histograms ask for it and attach it to their buckets as an exemplar. */
public final class CurrentTrace implements SpanContext {
    private static final ThreadLocal<@Nullable String> TRACEPARENT = new ThreadLocal<>();
    private static final int SPAN_ID_BEGIN = 36;
    private static final int SPAN_ID_END = 52;

    static void run(@Nullable String traceparent, Runnable task) {
        if (traceparent == null) {
            task.run();
            return;
        }
        String before = TRACEPARENT.get();
        TRACEPARENT.set(traceparent);
        try {
            task.run();
        } finally {
            if (before == null) {
                TRACEPARENT.remove();
            } else {
                TRACEPARENT.set(before);
            }
        }
    }

    @Override
    public @Nullable String getCurrentTraceId() {
        String traceparent = TRACEPARENT.get();
        return traceparent == null ? null : TraceContext.traceId(traceparent);
    }

    @Override
    public @Nullable String getCurrentSpanId() {
        String traceparent = TRACEPARENT.get();
        return traceparent == null ? null : traceparent.substring(SPAN_ID_BEGIN, SPAN_ID_END);
    }

    @Override
    public boolean isCurrentSpanSampled() {
        String traceparent = TRACEPARENT.get();
        return traceparent != null && TraceParents.isSampled(traceparent);
    }

    // The spans are exported whether or not a metric refers to them.
    @Override
    public void markCurrentSpanAsExemplar() {}
}
