package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.relay.TopicReader.Message;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
class ReconcilerIT {
    @RegisterExtension
    final OutboxFixture outbox = OutboxFixture.create();

    private final TopicReader reader = outbox.reader();
    private final MeterRegistry meters = new SimpleMeterRegistry();

    @Test
    void rows_that_the_engine_missed_are_sent_before_the_watermark_passes_them() throws Exception {
        // One of seven rows never reaches the publisher: unlogged tables are not in the WAL.
        outbox.execute("""
            DROP TABLE outbox_all;
            CREATE TABLE outbox_all PARTITION OF outbox FOR VALUES FROM (MINVALUE) TO (MAXVALUE) PARTITION BY HASH (id);
            CREATE UNLOGGED TABLE outbox_lost PARTITION OF outbox_all FOR VALUES WITH (MODULUS 7, REMAINDER 0)
            """);
        for (int remainder = 1; remainder < 7; remainder++) {
            outbox.execute(
                    "CREATE TABLE outbox_%1$d PARTITION OF outbox_all FOR VALUES WITH (MODULUS 7, REMAINDER %1$d)"
                            .formatted(remainder));
        }
        OutboxRelay relay = outbox.relay(outbox.config(), meters);
        relay.start();
        OutboxFixture.await().until(() -> outbox.count("SELECT beat FROM outbox_watermark") > 2);

        Writers writers = Writers.start(outbox, 3);
        Set<String> relayedTooEarly = new HashSet<>();
        Set<Long> watermarks = new HashSet<>();
        OutboxFixture.await().until(() -> {
            Set<String> relayed = outbox.relayedIds();
            // Reads the topic after the database: every row that counts as relayed there must be readable.
            relayed.removeAll(reader.readAll().stream().map(Message::id).collect(Collectors.toSet()));
            relayedTooEarly.addAll(relayed);
            watermarks.add(outbox.count("SELECT beat FROM outbox_watermark"));
            return watermarks.size() > 10;
        });
        writers.stop();

        OutboxFixture.await().until(() -> outbox.pending() == 0);
        long lost = outbox.count("SELECT count(*) FROM outbox_lost");
        assertThat(lost).isGreaterThan(writers.committedRows() / 14);
        assertThat(relayedTooEarly).isEmpty();
        assertThat(reader.readAll().stream().map(Message::id))
                .doesNotHaveDuplicates()
                .hasSize(writers.committedRows());
        assertThat(counted("lockstep.relay.missing.rows")).isEqualTo(lost);
        assertThat(counted("lockstep.relay.resent.rows")).isEqualTo(lost);
        assertThat(outbox.relayed()).isEqualTo(writers.committedRows());
    }

    @Test
    void rows_that_never_came_through_the_slot_are_sent_from_the_table_in_order() {
        OutboxRelay relay = outbox.relay(outbox.config(), meters);
        relay.start();
        outbox.append("o-1", "1");
        OutboxFixture.await().until(() -> outbox.relayed() == 1);

        outbox.execute("""
            ALTER TABLE outbox_all SET UNLOGGED;
            INSERT INTO outbox (aggregatetype, aggregateid, type, payload, topic)
            SELECT 'order', 'o-1', 'Counted', convert_to((n + 1)::text, 'UTF8'), '%s' FROM generate_series(1, 3) n;
            ALTER TABLE outbox_all SET LOGGED
            """.formatted(outbox.topic()));

        List<Message> messages = reader.readUntil(read -> read.size() == 4);
        assertThat(TopicReader.firstValuesByKey(messages)).isEqualTo(Map.of("o-1", List.of("1", "2", "3", "4")));
        OutboxFixture.await().until(() -> outbox.pending() == 0);
        assertThat(counted("lockstep.relay.missing.rows")).isEqualTo(3);
    }

    @Test
    void a_row_with_a_different_payload_in_kafka_is_reported_and_sent_again() {
        OutboxRelay relay = outbox.relay(outbox.config(), meters);
        relay.start();
        outbox.append("o-1", "1");
        OutboxFixture.await().until(() -> outbox.relayed() == 1);

        // The row from the slot differs from the final row of the table.
        outbox.execute("""
            INSERT INTO outbox (aggregatetype, aggregateid, type, payload, topic) VALUES ('order', 'o-1', 'T', 'garbage', '%s');
            UPDATE outbox SET payload = 'good' WHERE payload = 'garbage'
            """.formatted(outbox.topic()));

        List<Message> messages = reader.readUntil(read -> read.size() == 3);
        assertThat(TopicReader.values(messages)).containsExactly("1", "garbage", "good");
        assertThat(messages.get(2).id()).isEqualTo(messages.get(1).id());
        OutboxFixture.await().until(() -> outbox.pending() == 0);
        assertThat(counted("lockstep.relay.corrupted.rows")).isEqualTo(1);
        assertThat(counted("lockstep.relay.missing.rows")).isZero();
    }

    @Test
    void rows_of_a_backlog_are_not_sent_twice() {
        OutboxRelay relay = outbox.relay(outbox.config(), meters);
        outbox.execute("""
            INSERT INTO outbox (aggregatetype, aggregateid, type, payload, topic)
            SELECT 'order', 'o-1', 'Counted', convert_to(n::text, 'UTF8'), '%s' FROM generate_series(1, 20000) n
            """.formatted(outbox.topic()));

        relay.start();

        OutboxFixture.await().until(() -> outbox.relayed() == 20_000);
        assertThat(reader.readAll()).hasSize(20_000);
        assertThat(counted("lockstep.relay.resent.rows")).isZero();
    }

    private long counted(String name) {
        return Math.round(meters.get(name).counter().count());
    }
}
