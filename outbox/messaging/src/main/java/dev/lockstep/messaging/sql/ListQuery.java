package dev.lockstep.messaging.sql;

import com.google.errorprone.annotations.CompileTimeConstant;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A list of rows by id, newest first. One filter is served by an index and finds the rows in the order of their ids; all other filters are
 * checked on these rows.
 *
 * <p>A service prepares a statement once, so Postgres may plan it before its values are known, and the plan must still read the one index
 * in order. If the other filters were plain conditions, the planner would expect hardly any row to match, read all rows of another index
 * and sort them. They are therefore written as a {@code CASE}: the planner expects half of the rows to match it, and uses no index for it.
 */
public final class ListQuery {
    private final String select;
    private final String table;
    private final List<Condition> filters = new ArrayList<>();
    private @Nullable Condition indexed;
    private boolean findsFewRows;

    /**
     * @param select the statement up to its FROM clause
     * @param table the table of the rows and of their {@code id}
     */
    public ListQuery(@CompileTimeConstant String select, @CompileTimeConstant String table) {
        this.select = select;
        this.table = table;
    }

    /** A statement and the values of its parameters. */
    public record Statement(String sql, Tuple values) {}

    private record Condition(String sql, @Nullable Object value) {}

    /** Adds a filter for which an index exists. The first such filter selects the index, so the most selective one comes first. */
    public ListQuery searchBy(@CompileTimeConstant String condition) {
        return search(new Condition(condition, null));
    }

    /** Adds a filter on a value for which an index exists, as above; does nothing if the value is null. */
    public ListQuery searchBy(@CompileTimeConstant String condition, @Nullable Object value) {
        return value == null ? this : search(new Condition(condition, value));
    }

    /** Adds a filter as above, with an index that is not in the order of the ids. All matching rows are sorted, so they must be few. */
    public ListQuery searchByRare(@CompileTimeConstant String condition, @Nullable Object value) {
        findsFewRows = indexed == null && value != null;
        return searchBy(condition, value);
    }

    /** Adds a filter without an index. */
    public ListQuery filter(@CompileTimeConstant String condition) {
        filters.add(new Condition(condition, null));
        return this;
    }

    /** Adds a filter on a value without an index; does nothing if the value is null. */
    public ListQuery filter(@CompileTimeConstant String condition, @Nullable Object value) {
        if (value != null) {
            filters.add(new Condition(condition, value));
        }
        return this;
    }

    private ListQuery search(Condition condition) {
        if (indexed == null) {
            indexed = condition;
        } else {
            filters.add(condition);
        }
        return this;
    }

    /** Whether a page may read many rows before it finds one that matches, so that the number of rows it reads must be limited. */
    public boolean needsWindow() {
        return !filters.isEmpty() && !findsFewRows;
    }

    /**
     * The statement that reads a page.
     *
     * @param before the id at which the page starts, exclusive
     * @param end the id at which it ends at the latest, inclusive; irrelevant unless {@link #needsWindow}
     */
    public Statement page(UUID before, UUID end, int limit) {
        WhereClause where = indexedWhere();
        List<Condition> checks = new ArrayList<>(filters);
        if (findsFewRows) {
            // The index on ids would find all rows of the page's range, and the planner expects few of them.
            checks.add(new Condition("id < ?", before));
        } else {
            where.and("id < ?", before).and("id >= ?", end);
        }
        if (!checks.isEmpty()) {
            where.append(checks.stream()
                    .map(check -> where.numbered(check.sql(), check.value()))
                    .collect(Collectors.joining(" AND ", "CASE WHEN ", " THEN true ELSE false END")));
        }
        String sql = select + where.sql() + " ORDER BY id DESC LIMIT " + where.parameter(limit);
        return new Statement(sql, where.values());
    }

    /**
     * The statement that finds the id of the last of the next rows that the index returns; it returns no row if fewer rows are left.
     *
     * @param rows how many rows
     */
    // The number is a literal, not a parameter: for an unknown offset the planner assumes a tenth of the rows.
    public Statement windowEnd(UUID before, int rows) {
        WhereClause where = indexedWhere().and("id < ?", before);
        String sql = "SELECT id FROM " + table + where.sql() + " ORDER BY id DESC OFFSET " + (rows - 1) + " LIMIT 1";
        return new Statement(sql, where.values());
    }

    private WhereClause indexedWhere() {
        WhereClause where = new WhereClause();
        Condition search = indexed;
        if (search != null) {
            where.append(where.numbered(search.sql(), search.value()));
        }
        return where;
    }
}
