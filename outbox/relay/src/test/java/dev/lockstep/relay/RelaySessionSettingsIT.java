package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.relay.TopicReader.Message;
import dev.lockstep.testing.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests with a database whose defaults change the format of values, the meaning of statements and the lifetime of sessions. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class RelaySessionSettingsIT {
    private static final List<String> SETTINGS = List.of(
            "bytea_output = 'escape'",
            "\"DateStyle\" = 'German, DMY'",
            "\"IntervalStyle\" = 'sql_standard'",
            "\"TimeZone\" = 'Asia/Kathmandu'",
            "extra_float_digits = -15",
            "client_encoding = 'LATIN1'",
            "search_path = 'elsewhere', 'public'",
            "standard_conforming_strings = off",
            "backslash_quote = off",
            "array_nulls = off",
            "transform_null_equals = on",
            "xmlbinary = 'hex'",
            "row_security = off",
            "default_transaction_read_only = on",
            "default_transaction_isolation = 'serializable'",
            "default_transaction_deferrable = on",
            "statement_timeout = '20ms'",
            "lock_timeout = '1ms'",
            "idle_in_transaction_session_timeout = '300ms'",
            "idle_session_timeout = '300ms'",
            "transaction_timeout = '500ms'",
            "wal_sender_timeout = '1ms'");

    @RegisterExtension
    final OutboxFixture outbox = OutboxFixture.create();

    private final TopicReader reader = outbox.reader();
    private final List<byte[]> written = new ArrayList<>();

    @AfterEach
    void resetSettings() {
        // Through another database, where the settings do not apply.
        new TestDatabase("other").execute("ALTER DATABASE " + outbox.database() + " RESET ALL");
    }

    @Test
    void payloads_reach_kafka_unchanged_whatever_the_database_settings() throws SQLException {
        outbox.execute("CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.outbox (LIKE public.outbox);"
                + " CREATE TABLE elsewhere.outbox_heartbeat (LIKE public.outbox_heartbeat INCLUDING ALL);"
                + " CREATE TABLE elsewhere.outbox_watermark (LIKE public.outbox_watermark)");
        try (Connection connection = outbox.connect()) {
            for (String setting : SETTINGS) {
                try (Statement statement = connection.createStatement()) {
                    statement.execute("ALTER DATABASE " + outbox.database() + " SET " + setting);
                }
            }
            // This session was opened before the settings were changed, so they do not apply to it.
            append(connection, allBytes(0));
            append(connection, allBytes(1));
            append(connection, new byte[0]);
            append(connection, new byte[] {'\\'});
            append(connection, new byte[] {'\\', 'x', '4', '1'});

            OutboxRelay relay = outbox.relay();
            relay.start();
            append(connection, allBytes(2));
            for (int length = 1; length < 40; length++) {
                append(connection, Arrays.copyOfRange(allBytes(3), 70, 70 + length));
            }

            reader.readUntil(read -> read.stream().map(Message::id).distinct().count() == written.size());
            assertThat(reader.payloads().stream().distinct())
                    .containsExactlyElementsOf(
                            written.stream().map(HexFormat.of()::formatHex).toList());
            OutboxFixture.await().untilAsserted(() -> {
                assertThat(relay.problem()).isEmpty();
                assertThat(pending(connection)).isZero();
            });
        }
    }

    private static byte[] allBytes(int shift) {
        byte[] bytes = new byte[256 + shift];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i + shift);
        }
        return bytes;
    }

    private void append(Connection connection, byte[] payload) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "INSERT INTO outbox (aggregatetype, aggregateid, type, payload, topic) VALUES ('order', 'o-1', 'T', ?, ?)")) {
            statement.setBytes(1, payload);
            statement.setString(2, outbox.topic());
            statement.executeUpdate();
        }
        written.add(payload);
    }

    private static long pending(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "SELECT count(*) FROM outbox, outbox_watermark w WHERE NOT pg_visible_in_snapshot(xid, w.snapshot)")) {
            row.next();
            return row.getLong(1);
        }
    }
}
