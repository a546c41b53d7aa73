package dev.lockstep.audit;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;

/**
 * Where a service's database is.
 *
 * @param option the option that says so
 */
record DatabaseAddress(String option, String host, int port, String database, String user, String password) {
    private static final String LIMIT_SECONDS = "10";

    String shown() {
        return "postgresql://" + host + ":" + port + "/" + database;
    }

    /** A connection of the caller's own, in autocommit. */
    Connection connect() {
        Properties properties = new Properties();
        properties.setProperty("user", user);
        properties.setProperty("password", password);
        properties.setProperty("loginTimeout", LIMIT_SECONDS);
        properties.setProperty("connectTimeout", LIMIT_SECONDS);
        properties.setProperty("ApplicationName", "lockstep-audit");
        try {
            return DriverManager.getConnection("jdbc:" + shown(), properties);
        } catch (SQLException cause) {
            throw new AuditException(
                    "cannot connect to %s as %s (%s, --postgres-user, --postgres-password): %s"
                            .formatted(shown(), user, option, cause.getMessage()),
                    cause);
        }
    }

    @Override
    public String toString() {
        return shown();
    }
}
