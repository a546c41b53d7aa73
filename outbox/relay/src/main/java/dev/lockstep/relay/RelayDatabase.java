package dev.lockstep.relay;

import java.sql.Connection;
import java.sql.SQLException;
import org.postgresql.ds.PGSimpleDataSource;

/** Opens connections to the relay's database. Every wait on one is bounded, because a relay must notice a dead server. */
final class RelayDatabase {
    private final PGSimpleDataSource source = new PGSimpleDataSource();

    RelayDatabase(RelayConfig config) {
        source.setServerNames(new String[] {config.host()});
        source.setPortNumbers(new int[] {config.port()});
        source.setDatabaseName(config.database());
        source.setUser(config.user());
        source.setPassword(config.password());
        source.setConnectTimeout(5);
        source.setLoginTimeout(5);
        source.setSocketTimeout(10);
        source.setTcpKeepAlive(true);
    }

    /** @param purpose shows in {@code pg_stat_activity} */
    Connection connect(String purpose) throws SQLException {
        Connection connection = source.getConnection();
        connection.setClientInfo("ApplicationName", name(purpose));
        return connection;
    }

    static String name(String purpose) {
        return "lockstep relay " + purpose;
    }

    /** For what waits on other people's transactions, as creating a slot does. */
    Connection connectPatiently(String purpose) throws SQLException {
        Connection connection = connect(purpose);
        connection.setNetworkTimeout(Runnable::run, 0);
        return connection;
    }
}
