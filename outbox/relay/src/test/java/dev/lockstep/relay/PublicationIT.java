package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class PublicationIT {
    private final OutboxFixture outbox = OutboxFixture.create();
    private final TopicReader reader = outbox.reader();

    @AfterEach
    void close() {
        reader.close();
        outbox.close();
    }

    @Test
    void what_is_not_a_new_row_is_passed_over_and_the_slot_moves_on() {
        // Given
        outbox.execute("""
                CREATE PUBLICATION lockstep_outbox FOR TABLE outbox, outbox_heartbeat
                  WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = true)
                """);
        outbox.relay().start();
        outbox.append("o-1", "1");
        OutboxFixture.await().until(() -> outbox.relayed() == 1);

        // When
        outbox.execute("SELECT pg_logical_emit_message(true, 'x', 'y')");
        outbox.execute("SELECT pg_logical_emit_message(false, 'x', 'y')");
        outbox.execute("UPDATE outbox_heartbeat SET snapshot = '1:1:'");
        outbox.execute("DELETE FROM outbox_heartbeat");
        outbox.execute("TRUNCATE outbox_heartbeat");
        outbox.append("o-1", "2");

        // Then
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
                "FOR TABLE outbox, outbox_heartbeat WITH (publish = 'delete', publish_via_partition_root = true)",
                "FOR ALL TABLES WITH (publish = 'insert')"
            })
    void a_publication_made_beforehand_is_given_what_it_lacks(String definition) {
        // Given
        outbox.execute("CREATE PUBLICATION lockstep_outbox " + definition);

        // When
        outbox.relay().start();
        outbox.append("o-1", "1");

        // Then
        OutboxFixture.await().until(() -> outbox.relayed() == 1);
        assertThat(TopicReader.values(reader.readAll())).containsExactly("1");
    }

    @Test
    void somebody_elses_publication_that_lacks_something_is_told() {
        // Given
        outbox.execute("""
                CREATE ROLE %1$s LOGIN REPLICATION PASSWORD 'lockstep';
                GRANT ALL ON ALL TABLES IN SCHEMA public TO %1$s;
                CREATE PUBLICATION lockstep_outbox FOR TABLE outbox WITH (publish = 'insert', publish_via_partition_root = true)
                """.formatted(outbox.database()));
        RelayConfig owner = outbox.config();
        RelayConfig config = new RelayConfig(
                owner.host(),
                owner.port(),
                owner.database(),
                outbox.database(),
                "lockstep",
                owner.slotName(),
                owner.publicationName(),
                owner.source(),
                owner.producer(),
                owner.heartbeatInterval(),
                owner.stalledAfter());

        // When
        try (OutboxRelay relay = new OutboxRelay(config, new SimpleMeterRegistry())) {
            // Then
            assertThatThrownBy(relay::prepare)
                    .hasMessageStartingWith(
                            "publication lockstep_outbox belongs to somebody else and lacks something; it has to publish");
        }
    }
}
