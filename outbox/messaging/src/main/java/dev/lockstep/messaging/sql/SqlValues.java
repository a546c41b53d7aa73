package dev.lockstep.messaging.sql;

import io.vertx.sqlclient.Row;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import org.jspecify.annotations.Nullable;

/** Converts times and durations to parameters of a statement, and from columns of its result. */
public final class SqlValues {
    private SqlValues() {}

    /** The seconds of a duration, as {@code make_interval(secs => ...)} takes them. */
    public static double seconds(Duration duration) {
        return duration.toMillis() / 1000.0;
    }

    /** The duration in a column that contains seconds. */
    public static Duration duration(Row row, String column) {
        return Duration.ofMillis((long) (row.getDouble(column) * 1000));
    }

    public static OffsetDateTime timestamp(Instant time) {
        return time.atOffset(ZoneOffset.UTC);
    }

    public static @Nullable OffsetDateTime timestampOrNull(@Nullable Instant time) {
        return time == null ? null : timestamp(time);
    }

    public static Instant instant(Row row, String column) {
        return row.getOffsetDateTime(column).toInstant();
    }

    public static @Nullable Instant instantOrNull(Row row, String column) {
        OffsetDateTime time = row.getOffsetDateTime(column);
        return time == null ? null : time.toInstant();
    }
}
