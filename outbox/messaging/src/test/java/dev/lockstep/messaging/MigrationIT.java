package dev.lockstep.messaging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.lockstep.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Instances of a service start at the same time, and while other instances are running. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class MigrationIT {
    @RegisterExtension
    final TestDatabase database = new TestDatabase("migration");

    @Test
    void instances_that_start_at_the_same_time_create_the_tables_once() {
        List<CompletableFuture<Void>> instances =
                Stream.generate(this::migrateInBackground).limit(4).toList();

        assertThat(instances)
                .allSatisfy(instance ->
                        assertThatCode(() -> instance.get(60, TimeUnit.SECONDS)).doesNotThrowAnyException());
        assertThat(database.strings("SELECT 'one' FROM outbox_watermark")).hasSize(1);
        assertThat(database.strings("SELECT version FROM messaging_schema_history WHERE type = 'SQL'"))
                .hasSize(1);
        assertThat(database.strings("SELECT inhrelid FROM pg_inherits WHERE inhparent = 'outbox'::regclass"))
                .isNotEmpty();
    }

    @Test
    void an_instance_starts_while_a_transaction_of_another_one_is_open() throws SQLException {
        MessagingSchema.migrate(database.dataSource());
        try (Connection consumer = database.connect();
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
        return CompletableFuture.runAsync(() -> MessagingSchema.migrate(database.dataSource()));
    }
}
