package dev.lockstep.messaging;

import dev.lockstep.messaging.outbox.PartitionMaintenance;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;

/**
 * Migrates the tables of this library, which are versioned separately from those of the service that owns the database.
 *
 * <p>A new version migrates while instances of the previous version are running. A migration therefore alters {@code parked_message} and
 * {@code dead_letter} in separate files, each of which is a transaction: consumers lock these tables in either order, so a transaction that
 * alters both could deadlock with one of them.
 */
public final class MessagingSchema {
    private MessagingSchema() {}

    /**
     * Migrates the tables and creates today's partitions. Blocks; call it before any message is appended or consumed. Several instances may
     * call it at the same time.
     */
    public static void migrate(DataSource database) {
        Flyway.configure()
                .dataSource(database)
                .locations("classpath:dev/lockstep/messaging/migration")
                .table("messaging_schema_history")
                .baselineOnMigrate(true)
                .baselineVersion("0")
                .load()
                .migrate();
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(PartitionMaintenance.ENSURE_PARTITIONS_AT_START);
        } catch (SQLException e) {
            throw new IllegalStateException("failed to create the partitions of outbox and inbox", e);
        }
    }
}
