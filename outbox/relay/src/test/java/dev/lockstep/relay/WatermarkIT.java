package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.relay.TopicReader.Message;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
class WatermarkIT {
    @RegisterExtension
    final OutboxFixture outbox = OutboxFixture.create();

    private final TopicReader reader = outbox.reader();

    @Test
    void a_row_never_counts_as_relayed_before_a_consumer_can_read_it() throws Exception {
        outbox.relay().start();
        Writers writers = Writers.start(outbox, 6);

        Set<String> relayedTooEarly = new HashSet<>();
        Set<Long> watermarks = new HashSet<>();
        OutboxFixture.await().until(() -> {
            Set<String> relayed = outbox.relayedIds();
            // Reads the topic after the database: every row that counts as relayed there must be readable.
            Set<String> readable = reader.readAll().stream().map(Message::id).collect(Collectors.toSet());
            relayed.removeAll(readable);
            relayedTooEarly.addAll(relayed);
            watermarks.add(outbox.count("SELECT beat FROM outbox_watermark"));
            return watermarks.size() > 15;
        });
        writers.stop();

        assertThat(relayedTooEarly).isEmpty();
    }

    @Test
    void in_the_end_every_row_is_relayed_and_counted_once() throws InterruptedException {
        outbox.relay().start();
        Writers writers = Writers.start(outbox, 4);
        writers.writeMore(500);

        writers.stop();

        OutboxFixture.await().until(() -> outbox.pending() == 0);
        assertThat(outbox.relayed()).isEqualTo(writers.committedRows());
    }

    @Test
    void a_transaction_that_stays_open_keeps_only_its_own_rows_pending() throws SQLException {
        outbox.relay().start();
        try (Connection open = outbox.connect()) {
            open.setAutoCommit(false);
            outbox.append(open, "o-1", "late");

            outbox.append("o-2", "early");
            OutboxFixture.await().until(() -> outbox.relayed() == 1);
            open.commit();
        }

        OutboxFixture.await().until(() -> outbox.relayed() == 2);
        assertThat(TopicReader.values(reader.readAll())).containsExactlyInAnyOrder("early", "late");
    }

    @Test
    void an_idle_database_confirms_its_last_transaction() {
        OutboxRelay relay = outbox.relay();
        relay.start();
        outbox.append("o-1", "last");
        String written = outbox.query("SELECT pg_current_wal_lsn()");

        OutboxFixture.await()
                .until(() -> "t"
                        .equals(outbox.query(
                                "SELECT confirmed_flush_lsn >= '%s' FROM pg_replication_slots WHERE slot_name = '%s'"
                                        .formatted(written, outbox.slot()))));
        relay.close();
        outbox.relay().start();
        outbox.append("o-1", "next");
        reader.readUntil(messages -> TopicReader.values(messages).contains("next"));

        assertThat(TopicReader.values(reader.readAll())).containsExactly("last", "next");
    }

    @Test
    void an_idle_database_does_not_retain_the_wal_of_other_databases() {
        outbox.relay().start();
        OutboxFixture.await()
                .until(() -> outbox.relayed() == 0 && outbox.count("SELECT beat FROM outbox_watermark") > 0);
        String before = outbox.query("SELECT pg_current_wal_lsn()");

        try (OutboxFixture other = OutboxFixture.create()) {
            other.execute("CREATE TABLE noise AS SELECT repeat('x', 500) FROM generate_series(1, 20000)");
            String after = outbox.query("SELECT pg_current_wal_lsn()");
            other.execute("CHECKPOINT");

            assertThat(outbox.query("SELECT pg_wal_lsn_diff('%s', '%s') > 5000000".formatted(after, before)))
                    .isEqualTo("t");
            OutboxFixture.await()
                    .until(() -> "t"
                            .equals(outbox.query(
                                    "SELECT restart_lsn >= '%s' FROM pg_replication_slots WHERE slot_name = '%s'"
                                            .formatted(after, outbox.slot()))));
        }
    }
}
