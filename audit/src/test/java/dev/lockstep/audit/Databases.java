package dev.lockstep.audit;

import dev.lockstep.embedded.LocalPostgres;
import dev.lockstep.embedded.TestServers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** The four databases with the services' own tables, created from the services' migrations. */
final class Databases implements AutoCloseable {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Path MESSAGING =
            ROOT.resolve("outbox/messaging/src/main/resources/dev/lockstep/messaging/migration");
    private static final Map<ServiceRole, String> TEMPLATES = new EnumMap<>(ServiceRole.class);
    private static final AtomicInteger COPIES = new AtomicInteger();

    private final Map<ServiceRole, String> names = new EnumMap<>(ServiceRole.class);
    private final Map<ServiceRole, Connection> connections = new EnumMap<>(ServiceRole.class);

    /** @throws SQLException if the tables cannot be created */
    Databases() throws SQLException, IOException {
        for (ServiceRole role : ServiceRole.values()) {
            String template = template(role);
            String name = role.database() + "_copy_" + COPIES.incrementAndGet();
            try (Connection connection = connect("postgres");
                    Statement statement = connection.createStatement()) {
                statement.execute("CREATE DATABASE " + name + " TEMPLATE " + template);
            }
            names.put(role, name);
            connections.put(role, connect(name));
        }
    }

    String name(ServiceRole role) {
        return Objects.requireNonNull(names.get(role));
    }

    void run(ServiceRole role, String sql, Object... parameters) {
        try (PreparedStatement statement = prepare(role, sql, parameters)) {
            statement.execute();
        } catch (SQLException cause) {
            throw new IllegalStateException(sql, cause);
        }
    }

    /** Returns the first column of the first row. */
    String read(ServiceRole role, String sql, Object... parameters) {
        try (PreparedStatement statement = prepare(role, sql, parameters);
                ResultSet row = statement.executeQuery()) {
            row.next();
            return row.getString(1);
        } catch (SQLException cause) {
            throw new IllegalStateException(sql, cause);
        }
    }

    private PreparedStatement prepare(ServiceRole role, String sql, Object... parameters) throws SQLException {
        PreparedStatement statement =
                Objects.requireNonNull(connections.get(role)).prepareStatement(sql);
        for (int i = 0; i < parameters.length; i++) {
            statement.setObject(i + 1, parameters[i]);
        }
        return statement;
    }

    // Created once for all tests and copied for each.
    private static synchronized String template(ServiceRole role) throws SQLException, IOException {
        String existing = TEMPLATES.get(role);
        if (existing != null) {
            return existing;
        }
        String template = TestServers.newDatabase(role.database());
        try (Connection connection = connect(template);
                Statement statement = connection.createStatement()) {
            for (Path folder : List.of(
                    MESSAGING, ROOT.resolve(role.id() + "-verticle/src/main/resources/db/migration/" + role.id()))) {
                for (Path migration : migrations(folder)) {
                    statement.execute(Files.readString(migration));
                }
            }
            statement.execute("SELECT ensure_partitions('outbox', 1, 1), ensure_partitions('inbox', 1, 1)");
        }
        TEMPLATES.put(role, template);
        return template;
    }

    private static List<Path> migrations(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".sql"))
                    .sorted()
                    .toList();
        }
    }

    private static Connection connect(String database) throws SQLException {
        LocalPostgres postgres = TestServers.postgres();
        return DriverManager.getConnection(postgres.jdbcUrl(database));
    }

    @Override
    public void close() {
        connections.values().forEach(connection -> {
            try {
                connection.close();
            } catch (SQLException cause) {
                throw new IllegalStateException(cause);
            }
        });
    }
}
