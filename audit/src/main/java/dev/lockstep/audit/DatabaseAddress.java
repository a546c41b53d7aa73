package dev.lockstep.audit;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The address of a service's database.
 *
 * @param option the command-line option that sets it, for error messages
 */
record DatabaseAddress(String option, String host, int port, String database, Login login) {
    /**
     * The role of the auditor.
     *
     * @param tls properties of the JDBC driver
     */
    record Login(String user, String password, Properties tls) {}

    private static final String TIMEOUT_SECONDS = "10";
    // Settings that the auditor's statements and the parsing of their results rely on, whatever the server, the
    // database or the role has set. A row security policy that hides rows is an error, and a statement may take as long
    // as the amount of data requires. The JDBC driver sets the rest itself: encoding, dates, and its time zone, on
    // which no statement depends.
    private static final String SESSION_OPTIONS = Stream.of(
                    "search_path=public",
                    "bytea_output=hex",
                    "IntervalStyle=postgres",
                    "quote_all_identifiers=off",
                    "standard_conforming_strings=on",
                    "array_nulls=on",
                    "transform_null_equals=off",
                    "row_security=off",
                    "restrict_nonsystem_relation_kind=",
                    "exit_on_error=off",
                    "default_transaction_deferrable=off",
                    "statement_timeout=0",
                    "lock_timeout=0",
                    "transaction_timeout=0",
                    "idle_in_transaction_session_timeout=0",
                    "idle_session_timeout=0",
                    "client_min_messages=warning")
            .map(setting -> "-c " + setting)
            .collect(Collectors.joining(" "));

    String uri() {
        return "postgresql://" + host + ":" + port + "/" + database;
    }

    /** Opens a new connection in autocommit mode. The caller owns it and closes it. */
    Connection connect() {
        Properties properties = new Properties();
        properties.putAll(login.tls());
        properties.setProperty("user", login.user());
        properties.setProperty("password", login.password());
        properties.setProperty("loginTimeout", TIMEOUT_SECONDS);
        properties.setProperty("connectTimeout", TIMEOUT_SECONDS);
        properties.setProperty("tcpKeepAlive", "true");
        properties.setProperty("options", SESSION_OPTIONS);
        properties.setProperty("ApplicationName", "lockstep-audit");
        try {
            return DriverManager.getConnection("jdbc:" + uri(), properties);
        } catch (SQLException cause) {
            throw new AuditException(
                    "cannot connect to %s as %s (%s, --postgres-user, --postgres-password%s): %s"
                            .formatted(
                                    uri(),
                                    login.user(),
                                    option,
                                    usesTls() ? ", --postgres-sslmode, --postgres-sslrootcert, --postgres-sslcert" : "",
                                    root(cause).getMessage()),
                    cause);
        }
    }

    private boolean usesTls() {
        return !"disable".equals(login.tls().getProperty("sslmode"));
    }

    // The driver wraps the failure of a handshake, which says what is wrong with a certificate.
    private static Throwable root(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root;
    }

    @Override
    public String toString() {
        return uri();
    }
}
