package dev.lockstep.messaging.sql;

import com.google.errorprone.annotations.CompileTimeConstant;
import io.vertx.sqlclient.Tuple;
import org.jspecify.annotations.Nullable;

/**
 * Builds the WHERE clause of a statement from the filters that are set. A condition is a constant of the program, in which {@code ?} stands
 * for the value; the value becomes a numbered parameter. The compiler rejects conditions that are not constants, so text from a client
 * never becomes part of a statement.
 */
public final class WhereClause {
    private final StringBuilder sql = new StringBuilder();
    private final Tuple values = Tuple.tuple();

    /** Adds a condition. */
    public WhereClause and(@CompileTimeConstant String condition) {
        append(condition);
        return this;
    }

    /** Adds a condition on a value; does nothing if the value is null. */
    public WhereClause and(@CompileTimeConstant String condition, @Nullable Object value) {
        if (value != null) {
            append(numbered(condition, value));
        }
        return this;
    }

    /** Adds a value that the statement uses outside its conditions, and returns the name of its parameter, such as {@code $3}. */
    public String parameter(Object value) {
        values.addValue(value);
        return "$" + values.size();
    }

    /** Returns {@code WHERE} and the conditions, or an empty text if there are none. */
    public String sql() {
        return sql.toString();
    }

    /** Returns the values of the parameters, in the order of their numbers. */
    public Tuple values() {
        return values;
    }

    // The callers pass constants.
    void append(String condition) {
        sql.append(sql.isEmpty() ? " WHERE " : " AND ").append(condition);
    }

    String numbered(String condition, @Nullable Object value) {
        return value == null ? condition : condition.replace("?", parameter(value));
    }
}
