package dev.lockstep.testing;

import io.vertx.pgclient.PgConnectOptions;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.postgresql.ds.PGSimpleDataSource;

/** A new database. It is dropped with the server. */
public final class TestDatabase extends TestResource {
    private final PostgresServer server = TestServers.postgres();
    private final String name;

    /** Creates an empty database whose name starts with the prefix. */
    public TestDatabase(String prefix) {
        this(prefix, "");
    }

    /** Creates a database with the tables of the template. */
    public TestDatabase(DatabaseTemplate template) {
        this(template.prefix(), " TEMPLATE " + template.database());
    }

    private TestDatabase(String prefix, String options) {
        name = TestServers.newName(prefix + "_");
        Jdbc.execute(server.jdbcUrl("postgres"), "CREATE DATABASE " + name + options);
    }

    public String name() {
        return name;
    }

    public PostgresServer server() {
        return server;
    }

    /** The URI in the form that services expect, without user and password. */
    public String uri() {
        return server.uri(name);
    }

    /** The JDBC URL, with user and password. */
    public String jdbcUrl() {
        return server.jdbcUrl(name);
    }

    public PGSimpleDataSource dataSource() {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(jdbcUrl());
        return source;
    }

    public PgConnectOptions connectOptions() {
        return PgConnectOptions.fromUri(uri())
                .setUser(PostgresServer.USER)
                .setPassword(PostgresServer.PASSWORD)
                .setCachePreparedStatements(true);
    }

    public Connection connect() {
        return Jdbc.connect(jdbcUrl());
    }

    public void execute(String sql) {
        Jdbc.execute(jdbcUrl(), sql);
    }

    public void executeAsSuperuser(String sql) {
        server.execute(name, sql);
    }

    /** Returns the first column of all rows as text. */
    public List<String> strings(String sql) {
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            List<String> column = new ArrayList<>();
            while (rows.next()) {
                column.add(String.valueOf(rows.getString(1)));
            }
            return column;
        } catch (SQLException cause) {
            throw new IllegalStateException(sql, cause);
        }
    }

    @Override
    public void close() {}
}
