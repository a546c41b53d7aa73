package dev.lockstep.embedded;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The roles of a {@link LocalPostgres}: a superuser with a random password, and the role for services and developers, which may create
 * databases and replicate them, and nothing else.
 *
 * <p>In data of earlier versions that role was the superuser. Such data is converted at the next start, including databases and tables.
 * Every step may be interrupted and is then repeated.
 */
final class PostgresRoles {
    static final String SUPERUSER = "postgres";

    private static final Logger LOGGER = LoggerFactory.getLogger(PostgresRoles.class);
    private static final String USER = LocalPostgres.USER;
    private static final String UPGRADE_ROLE = "lockstep_upgrade";
    private static final String DUPLICATE_OBJECT = "42710";
    // Class 28: invalid authorization specification.
    private static final String INVALID_AUTHORIZATION_CLASS = "28";
    // A session cannot rename its own role, so a second superuser exists temporarily.
    private static final String ALTER_UPGRADE_ROLE = "ALTER ROLE " + UPGRADE_ROLE + " SUPERUSER LOGIN PASSWORD '%s'";
    private static final String RENAME =
            "ALTER ROLE " + USER + " RENAME TO " + SUPERUSER + "; ALTER ROLE " + SUPERUSER + " PASSWORD '%s'";
    private static final String CREATE_USER = """
            DO $$ BEGIN
                IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '%1$s') THEN
                    CREATE ROLE %1$s LOGIN NOSUPERUSER CREATEDB REPLICATION PASSWORD '%2$s';
                END IF;
            END $$
            """.formatted(USER, LocalPostgres.PASSWORD);
    // Operations that an administrator may perform on the server. Granted in template1, which new databases copy.
    private static final String GRANT_OPERATIONS = """
            GRANT EXECUTE ON FUNCTION pg_reload_conf(), pg_switch_wal() TO %1$s;
            GRANT ALTER SYSTEM ON PARAMETER max_slot_wal_keep_size, max_wal_size TO %1$s;
            GRANT pg_checkpoint TO %1$s
            """.formatted(USER);
    private static final String DATABASES = """
            SELECT d.datname
              FROM pg_database d
              JOIN pg_roles r ON r.oid = d.datdba
             WHERE r.rolname = '%s' AND NOT d.datistemplate AND d.datname <> 'postgres'
            """.formatted(SUPERUSER);
    // Sequences of a column follow the owner of the table. Indexes and row types have no separate owner.
    private static final String TRANSFER_OWNERSHIP = """
            DO $$
            DECLARE
                each record;
            BEGIN
                FOR each IN
                    SELECT format('ALTER SCHEMA %%I OWNER TO %1$s', nspname) AS change
                      FROM pg_namespace
                     WHERE nspowner = 10 AND nspname !~ '^(pg_|information_schema)'
                    UNION ALL
                    SELECT format('ALTER TABLE %%s OWNER TO %1$s', c.oid::regclass)
                      FROM pg_class c
                      JOIN pg_namespace n ON n.oid = c.relnamespace
                     WHERE c.relowner = 10 AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
                       AND n.nspname !~ '^(pg_|information_schema)'
                       AND NOT EXISTS (SELECT FROM pg_depend d
                                        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i', 'e')
                                          AND c.relkind = 'S')
                    UNION ALL
                    SELECT format('ALTER ROUTINE %%s OWNER TO %1$s', p.oid::regprocedure)
                      FROM pg_proc p
                      JOIN pg_namespace n ON n.oid = p.pronamespace
                     WHERE p.proowner = 10 AND n.nspname !~ '^(pg_|information_schema)'
                    UNION ALL
                    SELECT format('ALTER TYPE %%s OWNER TO %1$s', t.oid::regtype)
                      FROM pg_type t
                      JOIN pg_namespace n ON n.oid = t.typnamespace
                     WHERE t.typowner = 10 AND t.typtype IN ('e', 'd', 'r') AND n.nspname !~ '^(pg_|information_schema)'
                LOOP
                    EXECUTE each.change;
                END LOOP;
                EXECUTE format('ALTER DATABASE %%I OWNER TO %1$s', current_database());
                FOR each IN SELECT pubname FROM pg_publication WHERE pubowner = 10 LOOP
                    EXECUTE format('ALTER PUBLICATION %%I OWNER TO %1$s', each.pubname);
                END LOOP;
            END $$
            """.formatted(USER);

    private final String address;
    private final String password;

    /**
     * @param address of the server, as {@code jdbc:postgresql://host:port/}
     * @param password of the superuser
     */
    PostgresRoles(String address, String password) {
        this.address = address;
        this.password = password;
    }

    String superuserUrl(String database) {
        return url(database, SUPERUSER, password);
    }

    /**
     * Creates or converts the roles and transfers the ownership of the databases.
     *
     * @throws IllegalStateException if Postgres rejects a step, or the superuser of the data is not known
     */
    void prepare() {
        try {
            if (!isSuperuserKnown()) {
                renameSuperuser();
            }
            try (Connection connection = DriverManager.getConnection(superuserUrl("postgres"));
                    Statement statement = connection.createStatement()) {
                statement.execute("DROP ROLE IF EXISTS " + UPGRADE_ROLE);
                statement.execute(CREATE_USER);
                for (String database : column(statement, DATABASES)) {
                    transferOwnership(database);
                }
            }
        } catch (SQLException cause) {
            throw new IllegalStateException("cannot prepare the roles of Postgres: " + cause.getMessage(), cause);
        }
    }

    /** Allows the user of a test server to lose slots and fill the WAL, as an administrator could. */
    void grantOperations() {
        try (Connection connection = DriverManager.getConnection(superuserUrl("template1"));
                Statement statement = connection.createStatement()) {
            statement.execute(GRANT_OPERATIONS);
        } catch (SQLException cause) {
            throw new IllegalStateException("cannot prepare the roles of Postgres: " + cause.getMessage(), cause);
        }
    }

    private boolean isSuperuserKnown() throws SQLException {
        try {
            DriverManager.getConnection(superuserUrl("postgres")).close();
            return true;
        } catch (SQLException refused) {
            if (String.valueOf(refused.getSQLState()).startsWith(INVALID_AUTHORIZATION_CLASS)) {
                return false;
            }
            throw refused;
        }
    }

    private void renameSuperuser() throws SQLException {
        try (Connection connection = DriverManager.getConnection(url("postgres", USER, LocalPostgres.PASSWORD));
                Statement statement = connection.createStatement()) {
            createUpgradeRole(statement);
        } catch (SQLException refused) {
            throw new IllegalStateException(
                    "the password of the superuser of the Postgres data is unknown; start with empty data, for example"
                            + " with ./up --fresh: " + refused.getMessage(),
                    refused);
        }
        LOGGER.atInfo().log("the superuser of the Postgres data is lockstep, as in earlier versions; it is renamed");
        try (Connection connection = DriverManager.getConnection(url("postgres", UPGRADE_ROLE, password));
                Statement statement = connection.createStatement()) {
            statement.execute(RENAME.formatted(password));
        }
    }

    private void createUpgradeRole(Statement statement) throws SQLException {
        try {
            statement.execute("CREATE ROLE " + UPGRADE_ROLE);
        } catch (SQLException cause) {
            if (!DUPLICATE_OBJECT.equals(cause.getSQLState())) {
                throw cause;
            }
        }
        statement.execute(ALTER_UPGRADE_ROLE.formatted(password));
    }

    private void transferOwnership(String database) throws SQLException {
        try (Connection connection = DriverManager.getConnection(superuserUrl(database));
                Statement statement = connection.createStatement()) {
            statement.execute(TRANSFER_OWNERSHIP);
        }
    }

    private String url(String database, String user, String secret) {
        return address + database + "?user=" + user + "&password=" + secret;
    }

    private static List<String> column(Statement statement, String sql) throws SQLException {
        try (ResultSet rows = statement.executeQuery(sql)) {
            List<String> values = new ArrayList<>();
            while (rows.next()) {
                values.add(rows.getString(1));
            }
            return values;
        }
    }
}
