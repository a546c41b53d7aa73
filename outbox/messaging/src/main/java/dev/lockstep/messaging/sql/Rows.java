package dev.lockstep.messaging.sql;

import io.vertx.sqlclient.RowSet;
import java.util.Optional;

/** Takes the result of a statement that returns at most one row. */
public final class Rows {
    private Rows() {}

    /** Returns the first row; empty if there is none. */
    public static <T> Optional<T> first(RowSet<T> rows) {
        return rows.stream().findFirst();
    }

    /** Returns the row of a statement that always returns one. */
    public static <T> T only(RowSet<T> rows) {
        return rows.iterator().next();
    }
}
