package dev.lockstep.messaging;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.testing.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
class PartitionBoundsIT {
    // Enough to include a change to or from daylight saving time.
    private static final int DAYS = 200;

    @RegisterExtension
    final TestDatabase database = new TestDatabase("days");

    @Test
    void partitions_are_utc_days_regardless_of_the_session_time_zone() throws SQLException {
        MessagingSchema.migrate(database.dataSource());

        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("SET TimeZone TO 'Europe/Berlin'");
            statement.execute("SELECT ensure_partitions('inbox', 0, " + DAYS + ")");

            // Each partition begins where the previous one ends, so every id of these days has exactly one partition.
            try (ResultSet days = statement.executeQuery("""
                    SELECT count(*),
                           count(*) FILTER (WHERE bound !~ ('FROM \\(''' || coalesce(previous, '') || '''\\)'))
                      FROM (SELECT bound, lag(substring(bound FROM 'TO \\(''([^'']+)')) OVER (ORDER BY name) AS previous
                              FROM (SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bound
                                      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                                     WHERE i.inhparent = 'inbox'::regclass) bounds) neighbours
                     WHERE previous IS NOT NULL
                    """)) {
                assertThat(days.next()).isTrue();
                assertThat(days.getInt(1)).isGreaterThanOrEqualTo(DAYS);
                assertThat(days.getInt(2)).isZero();
            }
        }
    }
}
