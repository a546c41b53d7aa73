package dev.lockstep.audit;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/**
 * A consistent snapshot of one database: one read-only, repeatable-read transaction. Results are read with server-side cursors, so memory
 * use is bounded by one page of rows per result. Several results may be read at the same time.
 */
final class SnapshotStore implements AutoCloseable {
    private static final int PAGE = 2_000;

    private final String name;
    private final Connection connection;

    private SnapshotStore(String name, Connection connection) {
        this.name = name;
        this.connection = connection;
    }

    /** Maps a row of a result. */
    interface Mapper<T> {
        T map(ResultSet row) throws SQLException;
    }

    /**
     * Opens a connection and fixes the snapshot. The caller closes it.
     *
     * @throws AuditException if the database cannot be read
     */
    static SnapshotStore open(DatabaseAddress address) {
        Connection connection = address.connect();
        SnapshotStore snapshot = new SnapshotStore(address.uri(), connection);
        try {
            connection.setReadOnly(true);
            connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            connection.setAutoCommit(false);
            // Postgres takes the snapshot at the first statement of the transaction.
            snapshot.one("SELECT pg_current_snapshot()::text", row -> row.getString(1));
            return snapshot;
        } catch (SQLException cause) {
            snapshot.close();
            throw failed(address.uri(), cause);
        } catch (AuditException cause) {
            snapshot.close();
            throw cause;
        }
    }

    /** Returns all rows, in the order of the statement. The caller closes the stream. */
    <T> SortedStream<T> stream(String sql, Mapper<T> mapper, Object... parameters) {
        try {
            PreparedStatement statement = connection.prepareStatement(sql);
            statement.setFetchSize(PAGE);
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            ResultSet rows = statement.executeQuery();
            return new SortedStream<>(iterator(rows, mapper), () -> close(statement));
        } catch (SQLException cause) {
            throw failed(name, cause);
        }
    }

    <T> List<T> list(String sql, Mapper<T> mapper, Object... parameters) {
        List<T> all = new java.util.ArrayList<>();
        try (SortedStream<T> rows = stream(sql, mapper, parameters)) {
            while (rows.hasNext()) {
                all.add(rows.next());
            }
        }
        return all;
    }

    <T> T one(String sql, Mapper<T> mapper, Object... parameters) {
        return list(sql, mapper, parameters).getFirst();
    }

    private <T> Iterator<T> iterator(ResultSet rows, Mapper<T> mapper) {
        return new Iterator<>() {
            private boolean more = step();

            @Override
            public boolean hasNext() {
                return more;
            }

            @Override
            public T next() {
                if (!more) {
                    throw new NoSuchElementException();
                }
                try {
                    T mapped = mapper.map(rows);
                    more = step();
                    return mapped;
                } catch (SQLException cause) {
                    throw failed(name, cause);
                }
            }

            private boolean step() {
                try {
                    return rows.next();
                } catch (SQLException cause) {
                    throw failed(name, cause);
                }
            }
        };
    }

    private static void close(PreparedStatement statement) {
        try {
            statement.close();
        } catch (SQLException alreadyGone) {
            return;
        }
    }

    static AuditException failed(String name, SQLException cause) {
        return new AuditException("cannot read the database " + name + ": " + cause.getMessage(), cause);
    }

    @Override
    public void close() {
        try {
            connection.close();
        } catch (SQLException alreadyGone) {
            return;
        }
    }
}
