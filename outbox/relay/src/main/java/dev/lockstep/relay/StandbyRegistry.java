package dev.lockstep.relay;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/**
 * Announces a standby that is ready to lead. The standby sets the {@code application_name} of its session, which disappears with the
 * process and needs no table row. Every user may read application names in {@code pg_stat_activity}.
 */
final class StandbyRegistry {
    private static final String READY = RelayDatabase.name("ready");
    private static final String WAITING = RelayDatabase.name("supervisor");

    private static final String NAME_SESSION = "SELECT set_config('application_name', ?, false)";

    private static final String IS_ANY_READY = """
        SELECT EXISTS (SELECT FROM pg_stat_activity
                        WHERE datname = current_database() AND application_name = ?) AS ready
        """;

    /** @param ready whether this session's relay could lead and Kafka has just answered it */
    void setReady(Connection connection, boolean ready) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(NAME_SESSION)) {
            statement.setString(1, ready ? READY : WAITING);
            statement.execute();
        }
    }

    boolean isAnyReady(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(IS_ANY_READY)) {
            statement.setString(1, READY);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() && row.getBoolean("ready");
            }
        }
    }
}
