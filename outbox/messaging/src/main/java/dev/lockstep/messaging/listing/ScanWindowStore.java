package dev.lockstep.messaging.listing;

import dev.lockstep.messaging.sql.ListQuery;
import dev.lockstep.messaging.sql.Rows;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlResult;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Reads the pages of lists, and bounds how many rows one page examines when a filter has no index. The page ends at the bound, however few
 * rows have matched, and its cursor continues from there. Every request is therefore cheap, whatever the size of the table, and writes do
 * not pay for another index.
 */
public final class ScanWindowStore {
    /** The maximum number of rows that one page examines. */
    public static final int MAX_EXAMINED_ROWS = 20_000;

    // Sorts before every id; the end of the window when a page has no bound.
    private static final UUID UNBOUNDED = new UUID(0, 0);

    private ScanWindowStore() {}

    /**
     * The rows of one page.
     *
     * @param examinedTo the id of the last examined row if more rows follow it, else null
     */
    public record ScanResult<T>(List<T> rows, @Nullable UUID examinedTo) {
        /** The result of a query that examined all rows. */
        public static <T> ScanResult<T> complete(List<T> rows) {
            return new ScanResult<>(rows, null);
        }

        /** The same page with each row replaced. */
        public ScanResult<T> map(UnaryOperator<T> replace) {
            return new ScanResult<>(rows.stream().map(replace).toList(), examinedTo);
        }
    }

    /** @param before the id at which the page starts, exclusive; {@link Listing#AFTER_ALL} for the first page */
    public static <T> Future<ScanResult<T>> list(
            SqlClient client, ListQuery query, UUID before, int limit, Function<Row, T> toView) {
        Future<UUID> end = query.needsWindow() ? windowEnd(client, query, before) : Future.succeededFuture(UNBOUNDED);
        return end.compose(last -> rows(client, query.page(before, last, limit), toView)
                .map(rows -> new ScanResult<>(rows, last.equals(UNBOUNDED) ? null : last)));
    }

    /** Runs a statement that returns the rows of a list. */
    public static <T> Future<List<T>> rows(SqlClient client, ListQuery.Statement statement, Function<Row, T> toView) {
        return client.preparedQuery(statement.sql())
                .collecting(Collectors.mapping(toView, Collectors.toList()))
                .execute(statement.values())
                .map(SqlResult::value);
    }

    private static Future<UUID> windowEnd(SqlClient client, ListQuery query, UUID before) {
        ListQuery.Statement statement = query.windowEnd(before, MAX_EXAMINED_ROWS);
        return client.preparedQuery(statement.sql())
                .mapping(row -> row.getUUID("id"))
                .execute(statement.values())
                .map(found -> Rows.first(found).orElse(UNBOUNDED));
    }
}
