package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.relay.TopicReader.Message;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
@Tag("slow")
class RelayRestartIT {
    @RegisterExtension
    final OutboxFixture outbox = OutboxFixture.create();

    private final TopicReader reader = outbox.reader();

    @Test
    void rows_written_while_the_relay_was_stopped_are_sent_afterwards() {
        OutboxRelay first = outbox.relay();
        first.start();
        outbox.append("o-1", "before");
        reader.readUntil(messages -> messages.size() == 1);
        first.close();
        outbox.append("o-1", "meanwhile");

        outbox.relay().start();
        outbox.append("o-1", "after");

        List<Message> messages =
                reader.readUntil(read -> TopicReader.values(read).contains("after"));
        assertThat(TopicReader.firstValuesByKey(messages))
                .isEqualTo(Map.of("o-1", List.of("before", "meanwhile", "after")));
    }

    @Test
    void rows_written_between_prepare_and_start_are_sent() {
        OutboxRelay relay = outbox.relay();
        outbox.append("o-1", "early");

        relay.start();

        assertThat(TopicReader.values(reader.readUntil(messages -> !messages.isEmpty())))
                .containsExactly("early");
    }

    @Test
    void restarts_under_load_lose_nothing_and_keep_the_order_of_each_key() throws InterruptedException {
        Writers writers = Writers.start(outbox, 4);

        for (int restart = 0; restart < 4; restart++) {
            OutboxRelay relay = outbox.relay();
            relay.start();
            long relayed = outbox.relayed();
            OutboxFixture.await().until(() -> outbox.relayed() > relayed + 50);
            relay.close();
        }
        Map<String, List<String>> committed = writers.stop();
        outbox.relay().start();

        assertThatAllArrive(committed, writers.committedRows());
    }

    @Test
    void a_relay_killed_under_load_loses_nothing_and_keeps_the_order_of_each_key() throws Exception {
        Writers writers = Writers.start(outbox, 4);

        for (int kill = 0; kill < 3; kill++) {
            try (RelayProcess relay = RelayProcess.start(outbox.config())) {
                long relayed = outbox.relayed();
                OutboxFixture.await().until(() -> outbox.relayed() > relayed + 50);
                relay.kill();
            }
        }
        Map<String, List<String>> committed = writers.stop();
        outbox.relay().start();

        assertThatAllArrive(committed, writers.committedRows());
    }

    @Test
    void a_relay_reconnects_after_its_postgres_connections_are_cut_under_load() throws InterruptedException {
        OutboxRelay relay = outbox.relay();
        relay.start();
        Writers writers = Writers.start(outbox, 3);

        for (int cut = 0; cut < 3; cut++) {
            long relayed = outbox.relayed();
            OutboxFixture.await().until(() -> outbox.relayed() > relayed + 50);
            outbox.execute("""
                    SELECT pg_terminate_backend(pid)
                      FROM pg_stat_activity
                     WHERE datname = current_database()
                       AND (backend_type = 'walsender' OR application_name LIKE 'lockstep relay%' OR application_name LIKE 'Debezium%')
                    """);
        }
        Map<String, List<String>> committed = writers.stop();

        assertThatAllArrive(committed, writers.committedRows());
        OutboxFixture.await().untilAsserted(() -> assertThat(relay.problem()).isEmpty());
    }

    @Test
    void closing_takes_less_than_five_seconds_and_releases_the_slot_and_a_second_close_has_no_effect() {
        OutboxRelay relay = outbox.relay();
        relay.start();
        outbox.append("o-1", "1");
        reader.readUntil(messages -> messages.size() == 1);

        Instant start = Instant.now();
        relay.close();
        relay.close();

        assertThat(Duration.between(start, Instant.now())).isLessThan(Duration.ofSeconds(5));
        assertThat(outbox.isSlotActive()).isFalse();
        assertThat(relay.problem()).contains("the relay of slot " + outbox.slot() + " is closed");
    }

    @Test
    void a_relay_closed_while_it_starts_releases_the_slot() {
        OutboxRelay relay = outbox.relay();
        relay.start();

        OutboxFixture.await()
                .until(() -> Optional.of("t")
                        .equals(Optional.ofNullable(outbox.query(
                                "SELECT active FROM pg_replication_slots WHERE slot_name = '" + outbox.slot() + "'"))));
        relay.close();

        assertThat(outbox.isSlotActive()).isFalse();
    }

    private void assertThatAllArrive(Map<String, List<String>> committed, int rows) {
        List<Message> messages = reader.readUntil(
                read -> read.stream().map(Message::id).distinct().count() == rows);
        assertThat(TopicReader.firstValuesByKey(messages)).isEqualTo(committed);
    }
}
