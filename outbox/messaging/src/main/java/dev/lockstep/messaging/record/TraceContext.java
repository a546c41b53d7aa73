package dev.lockstep.messaging.record;

import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * The W3C {@code traceparent} of a request or a record. Clients can send any value, so it is passed on only if it is valid. A value of a
 * later version is reduced to the fields of version 00.
 */
public final class TraceContext {
    public static final String HEADER = "traceparent";
    // Versions after 00 may append fields after the flags; their first four fields are parsed as those of version 00.
    private static final Pattern TRACEPARENT =
            Pattern.compile("(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?");
    private static final String VERSION = "00";
    private static final int TRACE_ID_BEGIN = 3;
    private static final int TRACE_ID_END = 35;
    private static final String SAMPLED = "01";

    private TraceContext() {}

    /** The trace context of the header, or a new one if the header has no valid one. */
    public static String orNew(@Nullable String traceparent) {
        String given = orNull(traceparent);
        return given == null ? random() : given;
    }

    /** The trace context of the header, or null if the header has no valid one. */
    public static @Nullable String orNull(@Nullable String traceparent) {
        if (traceparent == null) {
            return null;
        }
        Matcher fields = TRACEPARENT.matcher(traceparent);
        if (!fields.matches() || (fields.group(1).equals(VERSION) && fields.group(5) != null)) {
            return null;
        }
        return String.join("-", VERSION, fields.group(2), fields.group(3), fields.group(4));
    }

    /** The trace context of the record, or null if it has no valid one. */
    public static @Nullable String of(ConsumerRecord<byte[], byte[]> record) {
        return orNull(Headers.text(record, HEADER));
    }

    /** The trace id of a valid trace context. */
    public static String traceId(String traceparent) {
        return traceparent.substring(TRACE_ID_BEGIN, TRACE_ID_END);
    }

    private static String random() {
        return VERSION + '-' + hex(randomLong()) + hex(randomLong()) + '-' + hex(randomLong()) + '-' + SAMPLED;
    }

    private static long randomLong() {
        // An id of zeros is invalid.
        return ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE);
    }

    private static String hex(long value) {
        return HexFormat.of().toHexDigits(value);
    }
}
