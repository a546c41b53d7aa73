package dev.lockstep.audit;

import dev.lockstep.testing.DatabaseTemplate;
import dev.lockstep.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import javax.sql.DataSource;

/** The four databases with the services' own tables, created from the services' migrations. */
final class Databases implements AutoCloseable {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Path MESSAGING =
            ROOT.resolve("outbox/messaging/src/main/resources/dev/lockstep/messaging/migration");
    private static final Map<ServiceRole, DatabaseTemplate> TEMPLATES = templates();

    private final Map<ServiceRole, TestDatabase> databases = new EnumMap<>(ServiceRole.class);
    private final Map<ServiceRole, Connection> connections = new EnumMap<>(ServiceRole.class);

    Databases() {
        TEMPLATES.forEach((role, template) -> {
            TestDatabase database = new TestDatabase(template);
            databases.put(role, database);
            connections.put(role, database.connect());
        });
    }

    private static Map<ServiceRole, DatabaseTemplate> templates() {
        Map<ServiceRole, DatabaseTemplate> templates = new EnumMap<>(ServiceRole.class);
        for (ServiceRole role : ServiceRole.values()) {
            templates.put(role, new DatabaseTemplate(role.database(), source -> createTables(role, source)));
        }
        return templates;
    }

    String name(ServiceRole role) {
        return Objects.requireNonNull(databases.get(role)).name();
    }

    int port() {
        return Objects.requireNonNull(databases.get(ServiceRole.ORDER)).server().port();
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

    private static void createTables(ServiceRole role, DataSource source) {
        try (Connection connection = source.getConnection();
                Statement statement = connection.createStatement()) {
            for (Path folder : List.of(
                    MESSAGING, ROOT.resolve(role.id() + "-verticle/src/main/resources/db/migration/" + role.id()))) {
                for (Path migration : migrations(folder)) {
                    statement.execute(Files.readString(migration));
                }
            }
            statement.execute("SELECT ensure_partitions('outbox', 1, 1), ensure_partitions('inbox', 1, 1)");
        } catch (SQLException | IOException cause) {
            throw new IllegalStateException(cause);
        }
    }

    private static List<Path> migrations(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".sql"))
                    .sorted()
                    .toList();
        }
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
