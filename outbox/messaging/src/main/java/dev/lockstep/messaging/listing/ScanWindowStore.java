package dev.lockstep.messaging.listing;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Bounds how many rows one page of a list examines when a filter has no index. The page ends there, however few rows have matched, and
 * its cursor goes on from there: every request is cheap, whatever the size of the table, and no index makes writes dearer.
 */
public final class ScanWindowStore {
    /** How many rows one page examines at most. */
    public static final int MAX_EXAMINED_ROWS = 20_000;

    /** Before all ids: what a page without a bound begins with. */
    public static final UUID UNBOUNDED = new UUID(0, 0);

    private ScanWindowStore() {}

    /**
     * What a page found.
     *
     * @param examinedTo the last row that was examined, if there are more behind it
     */
    public record ScanResult<T>(List<T> rows, @Nullable UUID examinedTo) {}

    /** The statement for {@link #end}: {@code condition} is what an index leads to, in newest-first order, with at most {@code $1}. */
    // The offset is written out, not a parameter: the planner would take an unknown one for a tenth of the table.
    public static String statement(String table, String condition) {
        return "SELECT id FROM %s WHERE %s AND id < $2 ORDER BY id DESC OFFSET %d LIMIT 1"
                .formatted(table, condition, MAX_EXAMINED_ROWS - 1);
    }

    /** Completes with the last row of the window; {@link #UNBOUNDED} if all that is left fits into it. */
    public static Future<UUID> end(SqlClient client, String statement, @Nullable Object lead, @Nullable UUID before) {
        return client.preparedQuery(statement)
                .execute(Tuple.tuple().addValue(lead).addValue(before == null ? Listing.AFTER_ALL : before))
                .map(rows ->
                        rows.size() == 0 ? UNBOUNDED : rows.iterator().next().getUUID(0));
    }

    public static <T> ScanResult<T> result(List<T> rows, UUID end) {
        return new ScanResult<>(rows, end.equals(UNBOUNDED) ? null : end);
    }
}
