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

    private final RelayConfig config;

    RelayDatabase(RelayConfig config) {
        this.config = config;
    }

    private PGSimpleDataSource source(Duration silence) {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setServerNames(new String[] {config.host()});
        source.setPortNumbers(new int[] {config.port()});
        source.setDatabaseName(config.database());
        source.setUser(config.user());
        source.setPassword(config.password());
        source.setConnectTimeout(CONNECT_SECONDS);
        source.setLoginTimeout(CONNECT_SECONDS);
        source.setSocketTimeout(Math.toIntExact(silence.toSeconds()));
        source.setTcpKeepAlive(true);
        source.setOptions(SessionSettings.options("statement_timeout=0"));
        return source;
    }

    /**
     * Opens a connection with a socket timeout of 10 s.
     *
     * @param purpose is shown in {@code pg_stat_activity}
     */
    Connection connect(String purpose) throws SQLException {
        return named(purpose, source(DEFAULT_TIMEOUT).getConnection());
    }

    /**
     * Opens a connection for statements that wait for other transactions, such as the creation of a slot, or that read many rows.
     *
     * @param limit the {@code statement_timeout}
     */
    Connection connect(String purpose, Duration limit) throws SQLException {
        PGSimpleDataSource source = source(limit.plus(GRACE));
        source.setOptions(SessionSettings.options("statement_timeout=" + limit.toMillis()));
        return named(purpose, source.getConnection());
    }

    private static Connection named(String purpose, Connection connection) throws SQLException {
        connection.setClientInfo("ApplicationName", name(purpose));
        return connection;
    }

    static String name(String purpose) {
        return "lockstep relay " + purpose;
    }
}
