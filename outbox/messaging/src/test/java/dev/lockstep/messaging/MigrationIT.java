package dev.lockstep.messaging;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.awaitility.Awaitility.await;

import dev.lockstep.embedded.LocalPostgres;
import dev.lockstep.embedded.TestServers;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postgresql.ds.PGSimpleDataSource;

/** A new version starts while instances of the previous version are running. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class MigrationIT {
    private final PGSimpleDataSource database = new PGSimpleDataSource();

    @ParameterizedTest
    @CsvSource({"parked_message, dead_letter", "dead_letter, parked_message"})
    void the_migration_does_not_deadlock_with_a_running_transaction(String first, String second) throws Exception {
        database.setUrl(TestServers.postgres().jdbcUrl(TestServers.newDatabase("migration")));
        database.setUser(LocalPostgres.USER);
        database.setPassword(LocalPostgres.PASSWORD);
        migrateToPreviousVersion();

        try (Connection consumer = database.getConnection();
                Statement statement = consumer.createStatement()) {
            consumer.setAutoCommit(false);
            statement.executeQuery("SELECT FROM " + first);
            CompletableFuture<Void> migration = CompletableFuture.runAsync(() -> MessagingSchema.migrate(database));
            await().atMost(Duration.ofSeconds(30)).until(this::isTableLockAwaited);

            assertThatCode(() -> statement.executeQuery("SELECT FROM " + second))
                    .doesNotThrowAnyException();
            consumer.commit();

            assertThatCode(() -> migration.get(30, TimeUnit.SECONDS)).doesNotThrowAnyException();
        }
    }

    private void migrateToPreviousVersion() {
        Flyway.configure()
                .dataSource(database)
                .locations("classpath:dev/lockstep/messaging/migration")
                .table("messaging_schema_history")
                .target("13")
                .load()
                .migrate();
    }

    private boolean isTableLockAwaited() throws SQLException {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows =
                        statement.executeQuery("SELECT FROM pg_locks WHERE NOT granted AND locktype = 'relation'")) {
            return rows.next();
        }
    }
}
