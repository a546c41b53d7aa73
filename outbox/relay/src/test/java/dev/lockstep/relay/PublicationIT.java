package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.relay.TopicReader.Message;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
@Tag("slow")
class PublicationIT {
    @RegisterExtension
    final OutboxFixture outbox = OutboxFixture.create();

    private final TopicReader reader = outbox.reader();

    @Test
    void changes_other_than_inserts_are_skipped_and_the_slot_advances() {
        outbox.execute("""
                CREATE PUBLICATION lockstep_outbox FOR TABLE outbox, outbox_heartbeat
                  WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = true)
                """);
        outbox.relay().start();
        outbox.append("o-1", "1");
        OutboxFixture.await().until(() -> outbox.relayed() == 1);

        outbox.execute("SELECT pg_logical_emit_message(true, 'x', 'y')");
        outbox.execute("SELECT pg_logical_emit_message(false, 'x', 'y')");
        outbox.execute("UPDATE outbox_heartbeat SET snapshot = '1:1:'");
        outbox.execute("DELETE FROM outbox_heartbeat");
        outbox.execute("TRUNCATE outbox_heartbeat");
        outbox.append("o-1", "2");

        String written = outbox.query("SELECT pg_current_wal_lsn()");
        OutboxFixture.await().until(() -> outbox.relayed() == 2);
        assertThat(TopicReader.values(reader.readAll())).containsExactly("1", "2");
        OutboxFixture.await()
                .until(() -> "t"
                        .equals(outbox.query(
                                "SELECT confirmed_flush_lsn >= '%s' FROM pg_replication_slots WHERE slot_name = '%s'"
                                        .formatted(written, outbox.slot()))));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "FOR TABLE outbox WITH (publish = 'insert', publish_via_partition_root = true)",
                "FOR TABLE outbox, outbox_heartbeat (beat) WITH (publish = 'insert', publish_via_partition_root = true)",
                "FOR TABLE outbox, outbox_heartbeat WHERE (false) WITH (publish_via_partition_root = true)",
                "FOR TABLE outbox, outbox_heartbeat WITH (publish = 'delete', publish_via_partition_root = true)"
            })
    void an_existing_incomplete_publication_is_completed(String definition) {
        outbox.execute("CREATE PUBLICATION lockstep_outbox " + definition);

        outbox.relay().start();
        outbox.append("o-1", "1");

        OutboxFixture.await().until(() -> outbox.relayed() == 1);
        assertThat(TopicReader.values(reader.readAll())).containsExactly("1");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "DROP PUBLICATION lockstep_outbox",
                "ALTER PUBLICATION lockstep_outbox DROP TABLE outbox",
                "ALTER PUBLICATION lockstep_outbox DROP TABLE outbox_heartbeat",
                "ALTER PUBLICATION lockstep_outbox SET (publish = 'delete')",
                // Publishes every second row of a key.
                "ALTER PUBLICATION lockstep_outbox SET TABLE"
                        + " outbox WHERE (get_byte(payload, octet_length(payload) - 1) % 2 = 0), outbox_heartbeat",
                "ALTER PUBLICATION lockstep_outbox SET TABLE outbox (id, aggregateid), outbox_heartbeat",
                "DROP PUBLICATION lockstep_outbox;"
                        + " CREATE PUBLICATION lockstep_outbox FOR TABLE outbox WITH (publish = 'insert, update')"
            })
    void a_publication_altered_under_a_running_relay_is_repaired_and_keeps_the_order_of_each_key(String alteration)
            throws InterruptedException {
        OutboxRelay relay = outbox.relay();
        relay.start();
        Writers writers = Writers.start(outbox, 3);
        OutboxFixture.await().until(() -> outbox.relayed() > 50);

        outbox.execute(alteration);
        writers.writeMore(50);
        OutboxFixture.await().until(this::isPublicationComplete);
        writers.writeMore(50);
        Map<String, List<String>> committed = writers.stop();

        assertThatAllArriveInOrder(committed, writers.committedRows());
        OutboxFixture.await().untilAsserted(() -> {
            assertThat(outbox.pending()).isZero();
            assertThat(relay.problem()).isEmpty();
        });
    }

    @Test
    void a_publication_altered_and_restored_by_hand_loses_nothing_and_keeps_the_order() throws InterruptedException {
        outbox.relay().start();
        Writers writers = Writers.start(outbox, 3);
        OutboxFixture.await().until(() -> outbox.relayed() > 50);

        // The alteration is so short that the relay can hardly notice it.
        for (int time = 0; time < 3; time++) {
            outbox.execute("ALTER PUBLICATION lockstep_outbox SET TABLE outbox WHERE (false), outbox_heartbeat");
            writers.writeMore(6);
            outbox.execute("ALTER PUBLICATION lockstep_outbox SET TABLE outbox, outbox_heartbeat");
            writers.writeMore(50);
        }
        Map<String, List<String>> committed = writers.stop();

        assertThatAllArriveInOrder(committed, writers.committedRows());
        OutboxFixture.await().until(() -> outbox.pending() == 0);
    }

    @Test
    void a_publication_altered_while_no_relay_runs_loses_nothing() {
        OutboxRelay first = outbox.relay();
        first.start();
        outbox.append("o-1", "1");
        OutboxFixture.await().until(() -> outbox.relayed() == 1);
        first.close();
        outbox.execute("ALTER PUBLICATION lockstep_outbox DROP TABLE outbox");
        outbox.append("o-1", "2");
        outbox.execute("ALTER PUBLICATION lockstep_outbox ADD TABLE outbox");
        outbox.append("o-1", "3");

        outbox.relay().start();
        outbox.append("o-1", "4");

        List<Message> messages =
                reader.readUntil(read -> TopicReader.values(read).contains("4"));
        assertThat(TopicReader.firstValuesByKey(messages)).isEqualTo(Map.of("o-1", List.of("1", "2", "3", "4")));
        OutboxFixture.await().until(() -> outbox.pending() == 0);
    }

    private boolean isPublicationComplete() {
        try (Connection connection = outbox.connect()) {
            return new SlotStore().isPublicationComplete(connection, "lockstep_outbox");
        } catch (SQLException cause) {
            throw new IllegalStateException(cause);
        }
    }

    private void assertThatAllArriveInOrder(Map<String, List<String>> committed, int rows) {
        List<Message> messages = reader.readUntil(
                read -> read.stream().map(Message::id).distinct().count() == rows);
        assertThat(TopicReader.firstValuesByKey(messages)).isEqualTo(committed);
    }

    @Test
    void a_superusers_publication_for_all_tables_is_used_unchanged() {
        outbox.executeAsSuperuser(
                "CREATE PUBLICATION lockstep_outbox FOR ALL TABLES WITH (publish = 'insert', publish_via_partition_root = true)");

        outbox.relay().start();
        outbox.append("o-1", "1");

        OutboxFixture.await().until(() -> outbox.relayed() == 1);
        assertThat(TopicReader.values(reader.readAll())).containsExactly("1");
        assertThat(outbox.query("SELECT puballtables FROM pg_publication")).isEqualTo("t");
    }

    @Test
    void an_incomplete_superuser_publication_for_all_tables_is_reported() {
        outbox.executeAsSuperuser("CREATE PUBLICATION lockstep_outbox FOR ALL TABLES WITH (publish = 'insert')");

        try (OutboxRelay relay = new OutboxRelay(outbox.config(), new SimpleMeterRegistry())) {
            assertThatThrownBy(relay::prepare)
                    .hasMessageStartingWith(
                            "publication lockstep_outbox is owned by another role and is incomplete; it must publish");
        }
    }

    @Test
    void an_incomplete_publication_of_another_role_is_reported() {
        outbox.executeAsSuperuser("CREATE ROLE " + outbox.database() + " LOGIN REPLICATION PASSWORD 'lockstep'");
        outbox.execute("""
                GRANT ALL ON ALL TABLES IN SCHEMA public TO %1$s;
                CREATE PUBLICATION lockstep_outbox FOR TABLE outbox WITH (publish = 'insert', publish_via_partition_root = true)
                """.formatted(outbox.database()));
        RelayConfig owner = outbox.config();
        RelayConfig config = new RelayConfig(
                new PostgresAccess(
                        owner.host(), owner.port(), owner.database(), new PostgresRole(outbox.database(), "lockstep")),
                owner.slotName(),
                owner.publicationName(),
                owner.source(),
                owner.producer(),
                owner.heartbeatInterval(),
                owner.stalledAfter());

        try (OutboxRelay relay = new OutboxRelay(config, new SimpleMeterRegistry())) {
            assertThatThrownBy(relay::prepare)
                    .hasMessageStartingWith(
                            "publication lockstep_outbox is owned by another role and is incomplete; it must publish");
        }
    }
}
