package dev.lockstep.messaging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.lockstep.embedded.LocalPostgres;
import dev.lockstep.embedded.TestServers;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** Instances of a service start at the same time, and while other instances are running. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class MigrationIT {
    private final PGSimpleDataSource database = new PGSimpleDataSource();

    @BeforeEach
    void createDatabase() {
        database.setUrl(TestServers.postgres().jdbcUrl(TestServers.newDatabase("migration")));
        database.setUser(LocalPostgres.USER);
        database.setPassword(LocalPostgres.PASSWORD);
    }

    @Test
    void instances_that_start_at_the_same_time_create_the_tables_once() throws SQLException {
        List<CompletableFuture<Void>> instances =
                Stream.generate(this::migrateInBackground).limit(4).toList();

        assertThat(instances)
                .allSatisfy(instance ->
                        assertThatCode(() -> instance.get(60, TimeUnit.SECONDS)).doesNotThrowAnyException());
        assertThat(count("SELECT count(*) FROM outbox_watermark")).isEqualTo(1);
        assertThat(count("SELECT count(*) FROM messaging_schema_history WHERE type = 'SQL'"))
                .isEqualTo(1);
        assertThat(count("SELECT count(*) FROM pg_inherits WHERE inhparent = 'outbox'::regclass"))
                .isPositive();
    }

    @Test
    void an_instance_starts_while_a_transaction_of_another_one_is_open() throws SQLException {
        MessagingSchema.migrate(database);
        try (Connection consumer = database.getConnection();
                Statement statement = consumer.createStatement()) {
            consumer.setAutoCommit(false);
            statement.execute("""
                    INSERT INTO outbox (aggregatetype, type, topic) VALUES ('greeting', 'Hello', 'greetings');
                    INSERT INTO inbox (message_id, consumer) VALUES (uuidv7(), 'group');
                    SELECT FROM parked_message, dead_letter;
                    """);

            assertThatCode(() -> migrateInBackground().get(60, TimeUnit.SECONDS))
                    .doesNotThrowAnyException();
        }
    }

    private CompletableFuture<Void> migrateInBackground() {
        return CompletableFuture.runAsync(() -> MessagingSchema.migrate(database));
    }

    private long count(String query) throws SQLException {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            row.next();
            return row.getLong(1);
        }
    }
}
