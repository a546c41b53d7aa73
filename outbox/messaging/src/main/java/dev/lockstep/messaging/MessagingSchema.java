package dev.lockstep.messaging;

import dev.lockstep.messaging.outbox.PartitionMaintenance;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;

/** The tables of this library, versioned apart from those of the service whose database they live in. */
public final class MessagingSchema {
    private MessagingSchema() {}

    /**
     * Brings the tables up to date and makes today's partitions. Blocks; call it before anything appends or consumes. Several
     * instances may call it at once.
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
            throw new IllegalStateException("the partitions of outbox and inbox could not be created", e);
        }
    }
}
