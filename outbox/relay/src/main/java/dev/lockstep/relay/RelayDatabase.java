package dev.lockstep.relay;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import org.postgresql.ds.PGSimpleDataSource;

/** Opens connections to the relay's database. Every wait on one is bounded, because a relay must notice a dead server. */
final class RelayDatabase {
    // A login takes several round trips and some computing, for which a busy machine has little time.
    private static final int CONNECT_SECONDS = 10;
    private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);
    // Postgres gives a statement up before the connection is, or it would go on with what nobody waits for.
    private static final Duration GRACE = Duration.ofSeconds(10);

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

    /** @param purpose shows in {@code pg_stat_activity} */
    Connection connect(String purpose) throws SQLException {
        return named(purpose, source(DEFAULT_TIMEOUT).getConnection());
    }

    /**
     * For what waits on other people's transactions, as creating a slot does, or reads much.
     *
     * @param limit how long a statement may take before the server ends it
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
