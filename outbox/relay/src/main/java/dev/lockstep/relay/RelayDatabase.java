package dev.lockstep.relay;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import org.postgresql.ds.PGSimpleDataSource;

/** Opens connections to the relay's database. Every wait on a connection is bounded, because the relay must detect a dead server. */
final class RelayDatabase {
    // A login takes several round trips and some CPU time, which is scarce on a busy machine.
    private static final int CONNECT_SECONDS = 10;
    private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);
    // Postgres cancels a statement before the driver gives up the connection. Otherwise Postgres would continue with a
    // statement that no client waits for.
    static final Duration GRACE = Duration.ofSeconds(10);

    private final PostgresAccess access;

    RelayDatabase(RelayConfig config) {
        this.access = config.postgres();
    }

    private PGSimpleDataSource source(Duration silence, String statementTimeout) throws SQLException {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setServerNames(new String[] {access.host()});
        source.setPortNumbers(new int[] {access.port()});
        source.setDatabaseName(access.database());
        source.setConnectTimeout(CONNECT_SECONDS);
        source.setLoginTimeout(CONNECT_SECONDS);
        source.setSocketTimeout(Math.toIntExact(silence.toSeconds()));
        source.setTcpKeepAlive(true);
        source.setOptions(SessionSettings.options("statement_timeout=" + statementTimeout));
        for (var property : access.driverProperties().entrySet()) {
            source.setProperty(property.getKey(), property.getValue());
        }
        return source;
    }

    /**
     * Opens a connection with a socket timeout of 10 s.
     *
     * @param purpose is shown in {@code pg_stat_activity}
     */
    Connection connect(String purpose) throws SQLException {
        return connect(purpose, access.relay(), source(DEFAULT_TIMEOUT, "0"));
    }

    /**
     * Opens a connection for statements that wait for other transactions, such as the creation of a slot, or that read many rows.
     *
     * @param limit the {@code statement_timeout}
     */
    Connection connect(String purpose, Duration limit) throws SQLException {
        return connect(purpose, access.relay(), source(limit.plus(GRACE), Long.toString(limit.toMillis())));
    }

    /** As {@link #connect(String, Duration)}, with the role that owns the tables. */
    Connection connectAsOwner(String purpose, Duration limit) throws SQLException {
        return connect(purpose, access.owner(), source(limit.plus(GRACE), Long.toString(limit.toMillis())));
    }

    private static Connection connect(String purpose, PostgresRole role, PGSimpleDataSource source)
            throws SQLException {
        Connection connection = open(role, source);
        connection.setClientInfo("ApplicationName", name(purpose));
        return connection;
    }

    private static Connection open(PostgresRole role, PGSimpleDataSource source) throws SQLException {
        try {
            return source.getConnection(role.user(), role.password().get());
        } catch (SQLException failure) {
            String explanation = role.explain().apply(failure).orElse("");
            throw explanation.isEmpty() ? failure : new NoConnectionException(explanation, failure);
        }
    }

    static String name(String purpose) {
        return "lockstep relay " + purpose;
    }
}
