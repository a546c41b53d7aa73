package dev.lockstep.runtime.tracing;

import io.opentelemetry.api.trace.TraceFlags;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** The flags of valid W3C trace contexts of version 00. */
final class TraceParents {
    private static final int FLAGS_BEGIN = 53;
    private static final int SAMPLED = 1;

    private TraceParents() {}

    static boolean isSampled(String traceparent) {
        return (flags(traceparent) & SAMPLED) != 0;
    }

    static byte flags(String traceparent) {
        return (byte) HexFormat.fromHexDigits(traceparent, FLAGS_BEGIN, FLAGS_BEGIN + 2);
    }

    /**
     * The trace context of a span.
     *
     * @param parent the trace context that the span continues, or null if it begins a trace. The flags of the parent are kept, except for the
     *     decision to record the trace
     */
    static String of(String traceId, String spanId, TraceFlags own, @Nullable String parent) {
        int others = (parent == null ? own.asByte() : flags(parent)) & ~SAMPLED;
        byte flags = (byte) (others | (own.isSampled() ? SAMPLED : 0));
        return "00-" + traceId + '-' + spanId + '-' + HexFormat.of().toHexDigits(flags);
    }
}
