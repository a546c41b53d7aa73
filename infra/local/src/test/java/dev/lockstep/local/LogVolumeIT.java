package dev.lockstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The size of the log: no warnings on a normal start, and a few lines about failures from which the relay recovers. */
@DisplayNameGeneration(ReplaceUnderscores.class)
@Tag("slow")
class LogVolumeIT {
    private static final int LINES_PER_RESTART = 5;
    private static final int LINES_PER_REPLACED_SLOT = 8;

    @TempDir
    Path data;

    @Test
    void a_start_logs_no_warnings_and_an_engine_restart_logs_a_few_lines() {
        try (LockstepProcess lockstep = LockstepProcess.start(data, Map.of())) {
            assertThat(log()).noneMatch(line -> line.contains(" WARN ") || line.contains(" ERROR "));
            awaitRelayed(lockstep, "orders");

            for (int time = 0; time < 2; time++) {
                List<String> restart = linesOf(
                        lockstep,
                        "orders",
                        "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = 'orders_outbox'");
                assertThat(restart)
                        .hasSizeBetween(1, LINES_PER_RESTART)
                        .noneMatch(line -> line.contains("ERROR") || line.startsWith("\tat "));
            }
            assertThat(linesOf(lockstep, "inventory", "DROP PUBLICATION lockstep_outbox"))
                    .hasSizeBetween(1, LINES_PER_REPLACED_SLOT)
                    .noneMatch(line -> line.contains("ERROR") || line.startsWith("\tat "));
            assertThat(lockstep.stop()).isZero();
        }
    }

    /** Executes the SQL and returns the lines logged until the relay of the database leads again and has relayed a few heartbeats. */
    private List<String> linesOf(LockstepProcess lockstep, String database, String sql) {
        int before = log().size();
        long ledBefore = leads(database);
        query(lockstep, database, sql);
        await("the relay to lead again").until(() -> leads(database) > ledBefore);
        awaitRelayed(lockstep, database);
        return log().subList(before, log().size());
    }

    private long leads(String database) {
        return log().stream()
                .filter(line -> line.contains("relay leads") && line.contains(database + "_outbox"))
                .count();
    }

    // Waits for a few more heartbeats.
    private void awaitRelayed(LockstepProcess lockstep, String database) {
        String beat = "SELECT beat FROM outbox_watermark";
        long now = query(lockstep, database, beat);
        await("heartbeats to pass").until(() -> query(lockstep, database, beat) > now + 5);
    }

    private static ConditionFactory await(String what) {
        return Awaitility.await(what).atMost(Duration.ofMinutes(1));
    }

    private static long query(LockstepProcess lockstep, String database, String sql) {
        try (Connection connection = DriverManager.getConnection(lockstep.jdbcUrl(database));
                Statement statement = connection.createStatement()) {
            if (!statement.execute(sql)) {
                return 0;
            }
            try (ResultSet row = statement.getResultSet()) {
                return row.next() && row.getObject(1) instanceof Number number ? number.longValue() : 0;
            }
        } catch (SQLException cause) {
            throw new IllegalStateException(cause);
        }
    }

    private List<String> log() {
        try {
            return Files.readAllLines(data.resolve("logs/lockstep.log"));
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }
}
