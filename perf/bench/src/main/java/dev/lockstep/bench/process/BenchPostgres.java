package dev.lockstep.bench.process;

import dev.lockstep.bench.BenchException;
import dev.lockstep.bench.Lab;
import dev.lockstep.embedded.LocalPostgres;
import dev.lockstep.messaging.MessagingSchema;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.flywaydb.core.Flyway;
import org.postgresql.ds.PGSimpleDataSource;

/** A Postgres server with the settings of the local stack, on an empty folder. Commits are durable. */
public final class BenchPostgres implements AutoCloseable {
    private static final Map<String, String> DURABLE = Map.of(
            "fsync", "on",
            "synchronous_commit", "on",
            "full_page_writes", "on",
            "wal_level", "logical");

    private final LocalPostgres server;
    private final String database;

    private BenchPostgres(LocalPostgres server, String database) {
        this.server = server;
        this.database = database;
    }

    /**
     * Starts a server with one database that has the tables of the library.
     *
     * @throws BenchException if a commit would not be durable
     */
    public static BenchPostgres start(Lab lab, String database) {
        BenchPostgres started = new BenchPostgres(LocalPostgres.start(lab.newFolder("postgres"), 0), database);
        lab.resources().add(started);
        started.server.createDatabase(database);
        MessagingSchema.migrate(started.dataSource());
        started.durableSettings();
        return started;
    }

    /** Adds the tables of a service, whose migrations are in a folder with its name. */
    public BenchPostgres withTablesOf(String service) {
        Flyway.configure()
                .dataSource(dataSource())
                .locations("classpath:db/migration/" + service)
                .baselineOnMigrate(true)
                .baselineVersion("0")
                .load()
                .migrate();
        return this;
    }

    /** Another database of the same server, with the tables of the library. It is closed with this one. */
    public BenchPostgres another(String name) {
        BenchPostgres another = new BenchPostgres(server, name);
        server.createDatabase(name);
        MessagingSchema.migrate(another.dataSource());
        return another;
    }

    public int port() {
        return server.port();
    }

    public long pid() {
        return server.pid();
    }

    public String database() {
        return database;
    }

    public String uri() {
        return server.uri(database);
    }

    /** The settings that connect a service to the database. */
    public Map<String, String> connection() {
        return Map.of(
                "POSTGRES_URI", uri(),
                "POSTGRES_USER", LocalPostgres.USER,
                "POSTGRES_PASSWORD", LocalPostgres.PASSWORD);
    }

    /**
     * Reads the settings that durability depends on in a new session of the role that all variants use.
     *
     * @return the settings as {@code name = value}
     * @throws BenchException if one differs
     */
    public List<String> durableSettings() {
        Map<String, String> found = new TreeMap<>();
        query("SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit',"
                        + " 'full_page_writes', 'wal_level')")
                .forEach(row -> found.put(row.getFirst(), row.getLast()));
        check(DURABLE, found);
        return found.entrySet().stream()
                .map(each -> each.getKey() + " = " + each.getValue())
                .toList();
    }

    static void check(Map<String, String> expected, Map<String, String> found) {
        if (!expected.equals(found)) {
            throw new BenchException("the settings of Postgres must be " + new TreeMap<>(expected) + ", but are "
                    + new TreeMap<>(found) + ": values of a server that may lose commits cannot be compared");
        }
    }

    /** Writes all changed pages, so that no variant pays for the pages of the one before it. */
    public void checkpoint() {
        execute(server.superuserUrl(database), List.of("CHECKPOINT"));
    }

    /** Executes the statements one after the other in one session, each as a transaction of its own. */
    public void execute(String... statements) {
        execute(server.jdbcUrl(database), List.of(statements));
    }

    /** Returns all rows as text. */
    public List<List<String>> query(String sql) {
        try (Connection connection = DriverManager.getConnection(server.jdbcUrl(database));
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            List<List<String>> all = new ArrayList<>();
            while (rows.next()) {
                List<String> row = new ArrayList<>();
                for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
                    row.add(String.valueOf(rows.getString(i)));
                }
                all.add(row);
            }
            return all;
        } catch (SQLException cause) {
            throw new BenchException(sql + " failed: " + cause.getMessage(), cause);
        }
    }

    public String queryText(String sql) {
        return query(sql).getFirst().getFirst();
    }

    @Override
    public void close() {
        server.close();
    }

    private PGSimpleDataSource dataSource() {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(server.jdbcUrl(database));
        return source;
    }

    private static void execute(String url, List<String> statements) {
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        } catch (SQLException cause) {
            throw new BenchException(statements + " failed: " + cause.getMessage(), cause);
        }
    }
}
