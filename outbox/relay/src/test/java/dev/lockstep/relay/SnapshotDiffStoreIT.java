package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.relay.AcknowledgedRows.RowDigest;
import dev.lockstep.relay.WatermarkStore.Watermark;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class SnapshotDiffStoreIT {
    private static final String LSN = "0/1";

    @RegisterExtension
    final OutboxFixture outbox = OutboxFixture.create();

    private final SnapshotDiffStore snapshotDiff = new SnapshotDiffStore();
    private final WatermarkStore watermark = new WatermarkStore();

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void a_long_running_transaction_does_not_cause_relayed_rows_to_be_read_again(boolean analyzed) throws SQLException {
        try (Connection open = outbox.connect();
                Connection connection = outbox.connect()) {
            open.setAutoCommit(false);
            outbox.append(open, "o-1", "late");
            appendRelayedRows(3_000);
            if (analyzed) {
                outbox.execute("VACUUM ANALYZE");
            }
            outbox.append("o-2", "new");
            open.commit();
            Heartbeat beat = new Heartbeat(1, snapshot());
            outbox.append("o-2", "newer");
            connection.setAutoCommit(false);

            boolean empty = snapshotDiff.isEmpty(connection, beat.snapshot(), null);
            watermark.move(connection, watermark.read(connection), beat);

            // Both statements find the two rows that are not relayed, and read few others.
            assertThat(empty).isFalse();
            assertThat(number(connection, "SELECT relayed FROM outbox_watermark"))
                    .isEqualTo(2);
            assertThat(rowsRead(connection)).isLessThan(20);
        }
    }

    @Test
    void completing_a_recovery_reads_only_the_rows_it_sent() throws SQLException {
        try (Connection open = outbox.connect();
                Connection connection = outbox.connect()) {
            open.setAutoCommit(false);
            outbox.append(open, "o-1", "late");
            appendRelayedRows(3_000);
            outbox.append("o-2", "new");
            connection.setAutoCommit(false);
            insertRecovery(connection, snapshot());

            new RecoveryStore().complete(connection, LSN);

            assertThat(number(connection, "SELECT relayed FROM outbox_watermark"))
                    .isEqualTo(1);
            assertThat(rowsRead(connection)).isLessThan(20);
        }
    }

    @Test
    void rows_between_two_snapshots_match_pg_visible_in_snapshot() throws SQLException {
        outbox.execute("""
            INSERT INTO outbox (aggregatetype, aggregateid, type, payload, topic, xid)
            SELECT 'order', 'o-1', 'Counted', '', 'events', (100 + n % 60)::text::xid8 FROM generate_series(1, 150) n
            """);
        Random random = new Random(20);
        try (Connection connection = outbox.connect()) {
            connection.setAutoCommit(false);
            for (int i = 0; i < 300; i++) {
                String from = anySnapshot(random);
                Heartbeat until = new Heartbeat(1, anySnapshot(random));
                execute(connection, "UPDATE outbox_watermark SET beat = 0, relayed = 0, snapshot = '" + from + "'");
                RowDigest expected = expectedDigest(connection, from, until.snapshot());

                boolean empty = snapshotDiff.isEmpty(connection, until.snapshot(), null);
                boolean moved = watermark.moveIfEqual(connection, new Watermark(0, from), until, expected);
                long relayed = number(connection, "SELECT relayed FROM outbox_watermark");
                execute(connection, "UPDATE outbox_watermark SET relayed = 0, snapshot = '" + from + "'");
                insertRecovery(connection, until.snapshot());
                new RecoveryStore().complete(connection, LSN);

                assertThat(empty).as("from %s until %s", from, until).isEqualTo(expected.rows() == 0);
                assertThat(moved).as("from %s until %s", from, until).isTrue();
                assertThat(relayed).isEqualTo(expected.rows());
                assertThat(number(connection, "SELECT relayed FROM outbox_watermark"))
                        .isEqualTo(expected.rows());
            }
        }
    }

    @Test
    void a_page_ends_with_the_row_that_exceeds_the_size_limit() throws Exception {
        outbox.execute("""
            INSERT INTO outbox (aggregatetype, aggregateid, type, payload, topic)
            SELECT 'order', 'o-1', 'Counted', convert_to(repeat('x', mib * 1024 * 1024), 'UTF8'), 'events'
              FROM unnest(ARRAY[17, 4, 4, 4, 4, 4]) mib
            """);
        List<Integer> pages = new ArrayList<>();
        try (Connection connection = outbox.connect()) {
            snapshotDiff.read(connection, snapshot(), null, page -> pages.add(page.size()));
        }

        assertThat(pages).containsExactly(1, 4, 1);
    }

    private void appendRelayedRows(int rows) {
        outbox.execute("""
            DO $$ BEGIN
                FOR i IN 1 .. %d / 10 LOOP
                    INSERT INTO outbox (aggregatetype, aggregateid, type, payload, topic)
                    SELECT 'order', 'o-2', 'Counted', '', 'events' FROM generate_series(1, 10);
                    COMMIT;
                END LOOP;
            END $$
            """.formatted(rows));
        outbox.execute("UPDATE outbox_watermark SET snapshot = pg_current_snapshot()");
    }

    private String snapshot() {
        return String.valueOf(outbox.query("SELECT pg_current_snapshot()"));
    }

    private static String anySnapshot(Random random) {
        long xmin = 90L + random.nextInt(70);
        long xmax = xmin + random.nextInt(20);
        String running = random.longs(8, xmin, xmax + 1)
                .filter(xid -> xid < xmax)
                .sorted()
                .distinct()
                .mapToObj(Long::toString)
                .collect(Collectors.joining(","));
        return xmin + ":" + xmax + ":" + running;
    }

    private static RowDigest expectedDigest(Connection connection, String from, String until) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("""
                SELECT count(*), coalesce(bit_xor(substr(uuid_send(id), 9)::bigint), 0),
                       coalesce(sum(crc32c(payload)), 0)::bigint
                  FROM outbox
                 WHERE pg_visible_in_snapshot(xid, ?::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, ?::pg_snapshot)
                """)) {
            statement.setString(1, until);
            statement.setString(2, from);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return new RowDigest(row.getLong(1), row.getLong(2), row.getLong(3));
            }
        }
    }

    private static void insertRecovery(Connection connection, String snapshot) throws SQLException {
        execute(connection, "DELETE FROM outbox_recovery");
        execute(
                connection,
                "INSERT INTO outbox_recovery (slot_lsn, snapshot) VALUES ('" + LSN + "', '" + snapshot + "')");
    }

    /** Returns how many outbox rows this transaction has read, by sequential scans and through indexes. */
    private static long rowsRead(Connection connection) throws SQLException {
        return number(
                connection,
                "SELECT sum(seq_tup_read + idx_tup_fetch) FROM pg_stat_xact_user_tables WHERE relname = 'outbox_all'");
    }

    private static long number(Connection connection, String query) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            row.next();
            return row.getLong(1);
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
