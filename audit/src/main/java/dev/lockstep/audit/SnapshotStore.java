package dev.lockstep.audit;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/**
 * One database as it stands at one moment: everything is read in one read-only transaction, with a server-side cursor, so that any
 * number of rows takes no more memory than one page of them. Several results may be read side by side.
 */
final class SnapshotStore implements AutoCloseable {
    private static final int PAGE = 2_000;

    private final String name;
    private final Connection connection;

    private SnapshotStore(String name, Connection connection) {
        this.name = name;
        this.connection = connection;
    }

    /** How a row is read. */
    interface Mapper<T> {
        T map(ResultSet row) throws SQLException;
    }

    /** Opens the snapshot. Takes the connection over, also where it fails. */
    static SnapshotStore open(DatabaseAddress address) {
        Connection connection = address.connect();
        try {
            connection.setReadOnly(true);
            connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            connection.setAutoCommit(false);
            SnapshotStore snapshot = new SnapshotStore(address.uri(), connection);
            // The first statement is what fixes the moment.
            snapshot.one("SELECT pg_current_snapshot()::text", row -> row.getString(1));
            return snapshot;
        } catch (SQLException cause) {
            throw failed(address.uri(), cause);
        }
    }

    /** All rows, in the order that the statement asks for. */
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
