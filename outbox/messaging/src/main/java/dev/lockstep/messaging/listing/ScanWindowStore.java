package dev.lockstep.messaging.listing;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Bounds how many rows one page of a list examines when a filter has no index. The page ends at the bound, however few rows have matched,
 * and its cursor continues from there. Every request is therefore cheap, whatever the size of the table, and writes do not pay for another
 * index.
 */
public final class ScanWindowStore {
    /** The maximum number of rows that one page examines. */
    public static final int MAX_EXAMINED_ROWS = 20_000;

    /** Sorts before every id; the end of the window when a page has no bound. */
    public static final UUID UNBOUNDED = new UUID(0, 0);

    private ScanWindowStore() {}

    /**
     * The rows of one page.
     *
     * @param examinedTo the id of the last examined row if more rows follow it, else null
     */
    public record ScanResult<T>(List<T> rows, @Nullable UUID examinedTo) {}

    /**
     * Builds the statement for {@link #end}. An index must serve {@code condition} in newest-first order; its only parameter may be
     * {@code $1}.
     */
    // The offset is a literal, not a parameter: for an unknown offset the planner assumes a tenth of the rows.
    public static String statement(String table, String condition) {
        return "SELECT id FROM %s WHERE %s AND id < $2 ORDER BY id DESC OFFSET %d LIMIT 1"
                .formatted(table, condition, MAX_EXAMINED_ROWS - 1);
    }

    /** Completes with the id of the last row of the window, or with {@link #UNBOUNDED} if the remaining rows fit into it. */
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
