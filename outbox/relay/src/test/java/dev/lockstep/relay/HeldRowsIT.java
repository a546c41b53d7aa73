package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.relay.TopicReader.Message;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
@Tag("slow")
class HeldRowsIT {
    private static final Duration REPORTED_WITHIN = Duration.ofSeconds(5);
    private static final String LARGE = "x".repeat(400_000);

    @RegisterExtension
    final OutboxFixture outbox = OutboxFixture.create();

    private final TopicReader reader = outbox.reader();
    private final String other = outbox.topic() + "-other";

    @Test
    void deleting_a_topic_under_load_does_not_block_other_topics_and_loses_nothing() throws Exception {
        outbox.createTopic(other, Map.of());
        OutboxRelay relay = leader();
        Writers writers = Writers.start(outbox, 3);
        OutboxFixture.await().until(() -> outbox.relayed() > 50);
        List<String> written = new ArrayList<>();
        append(written, 50);

        outbox.deleteTopic(other);
        append(written, 50);
        awaitProblem(relay, "for topic " + other, "row ", "UnknownTopicOrPartitionException");
        long relayed = outbox.relayed();
        append(written, 50);

        Awaitility.await().atMost(Duration.ofSeconds(5)).until(() -> outbox.relayed() > relayed + 50);
        assertThat(latency()).isLessThan(Duration.ofSeconds(2));
        assertThat(outbox.held()).isPositive();

        outbox.createTopic(other, Map.of());
        append(written, 50);
        Map<String, List<String>> committed = writers.stop();

        OutboxFixture.await().untilAsserted(() -> {
            assertThat(outbox.pending()).isZero();
            assertThat(relay.problem()).isEmpty();
        });
        Map<String, List<String>> expected = new HashMap<>(committed);
        expected.put("timed", List.of("now"));
        assertThat(TopicReader.firstValuesByKey(reader.readAll())).isEqualTo(expected);
        assertThat(outbox.relayed()).isEqualTo(writers.committedRows() + 1 + written.size());
        assertThatOthersEndIn(written, 100);
    }

    @Test
    void rows_for_a_missing_topic_are_pending_and_sent_in_order_once_it_exists() {
        OutboxRelay relay = leader();
        List<String> written = new ArrayList<>();

        append(written, 300);

        awaitProblem(relay, "for topic " + other, "row " + outbox.query("SELECT min(id::text) FROM outbox"));
        outbox.append("o-1", "meanwhile");
        assertThat(TopicReader.values(reader.readUntil(read -> !read.isEmpty())))
                .containsExactly("meanwhile");
        OutboxFixture.await().until(() -> outbox.relayed() == 1);
        assertThat(outbox.pending()).isEqualTo(300);
        assertThat(outbox.relayedIds()).hasSize(1);

        outbox.createTopic(other, Map.of());
        append(written, 20);

        OutboxFixture.await().until(() -> outbox.pending() == 0);
        assertThatOthersAre(written);
        assertThat(outbox.relayed()).isEqualTo(321);
        OutboxFixture.await().until(() -> relay.problem().isEmpty());
    }

    @Test
    void after_a_relay_is_killed_the_next_one_sends_held_rows_in_order() throws Exception {
        List<String> written = new ArrayList<>();
        outbox.relay();
        try (RelayProcess first = RelayProcess.start(outbox.config())) {
            append(written, 100);
            OutboxFixture.await().until(() -> outbox.held() == 100);
            append(written, 100);

            first.kill();
        }
        append(written, 100);
        OutboxRelay second = relayWithLongTimeout();
        second.start();

        OutboxFixture.await().until(() -> outbox.held() == 300);
        awaitProblem(second, "for topic " + other);
        outbox.createTopic(other, Map.of());
        OutboxFixture.await().until(() -> outbox.pending() == 0);
        assertThatOthersAre(written);
        assertThat(outbox.relayed()).isEqualTo(300);
    }

    @Test
    void losing_the_slot_loses_no_held_rows() {
        List<String> written = new ArrayList<>();
        OutboxRelay first = leader();
        append(written, 50);
        OutboxFixture.await().until(() -> outbox.held() == 50);
        first.close();

        outbox.dropSlot();
        append(written, 50);
        outbox.append("o-1", "1");
        relayWithLongTimeout().start();

        OutboxFixture.await().until(() -> outbox.held() == 100 && outbox.relayed() == 1);
        outbox.createTopic(other, Map.of());
        OutboxFixture.await().until(() -> outbox.pending() == 0);
        assertThatOthersAre(written);
    }

    @Test
    void the_slot_advances_while_a_topic_is_refused() {
        leader();
        append(new ArrayList<>(), 10);
        OutboxFixture.await().until(() -> outbox.held() == 10);
        String written = outbox.query("SELECT pg_current_wal_lsn()");

        OutboxFixture.await()
                .until(() -> "t"
                        .equals(outbox.query(
                                "SELECT confirmed_flush_lsn >= '%s' FROM pg_replication_slots WHERE slot_name = '%s'"
                                        .formatted(written, outbox.slot()))));
    }

    @Test
    void a_row_that_is_too_large_holds_back_its_key_and_nothing_else() {
        outbox.changeTopic(outbox.topic(), "max.message.bytes", "150000");
        OutboxRelay relay = leader();

        UUID refused = outbox.append("o-1", LARGE);
        outbox.append("o-1", "behind");
        IntStream.range(0, 20).forEach(n -> outbox.append("o-2", "free-" + n));

        List<String> free = IntStream.range(0, 20).mapToObj(n -> "free-" + n).toList();
        assertThat(TopicReader.values(reader.readUntil(read -> read.size() >= 20)))
                .containsExactlyElementsOf(free);
        awaitProblem(relay, "row " + refused, "topic " + outbox.topic(), "RecordTooLargeException");
        OutboxFixture.await().until(() -> outbox.relayed() == 20);
        assertThat(outbox.pending()).isEqualTo(2);

        outbox.changeTopic(outbox.topic(), "max.message.bytes", "2000000");

        List<Message> messages =
                reader.readUntil(read -> TopicReader.values(read).containsAll(List.of(LARGE, "behind")));
        assertThat(TopicReader.firstValuesByKey(messages))
                .isEqualTo(Map.of("o-1", List.of(LARGE, "behind"), "o-2", free));
        OutboxFixture.await().untilAsserted(() -> {
            assertThat(relay.problem()).isEmpty();
            assertThat(outbox.relayed()).isEqualTo(22);
        });
    }

    @Test
    void too_large_rows_do_not_block_rows_of_other_keys() throws SQLException {
        outbox.changeTopic(outbox.topic(), "max.message.bytes", "150000");
        leader();

        Map<String, List<String>> committed = new HashMap<>();
        try (Connection connection = outbox.connect()) {
            for (int i = 0; i < 400; i++) {
                String key = "o-" + i % 40;
                String value = i % 40 < 5 && i / 40 == 3 ? LARGE : key + ":" + i;
                outbox.append(connection, key, value);
                committed.computeIfAbsent(key, unseen -> new ArrayList<>()).add(value);
            }
        }

        OutboxFixture.await().until(() -> outbox.relayed() == 35 * 10 + 5 * 3);
        assertThat(outbox.pending()).isEqualTo(5 * 7);

        outbox.changeTopic(outbox.topic(), "max.message.bytes", "2000000");

        OutboxFixture.await().until(() -> outbox.pending() == 0);
        assertThat(TopicReader.firstValuesByKey(reader.readAll())).isEqualTo(committed);
    }

    @Test
    void a_topic_that_refuses_every_row_as_too_large_does_not_block_other_topics() {
        outbox.createTopic(other, Map.of());
        OutboxRelay relay = leader();
        List<String> written = new ArrayList<>();
        append(written, 10);
        OutboxFixture.await().until(() -> outbox.relayed() == 10);

        outbox.changeTopic(other, "max.message.bytes", "10");
        append(written, 300);
        outbox.append("o-1", "meanwhile");

        awaitProblem(relay, "topic " + other, "RecordTooLargeException");
        reader.readUntil(read -> TopicReader.values(read).contains("meanwhile"));
        // A topic change completes before it reaches the broker, so Kafka may still accept some of the first rows.
        OutboxFixture.await().until(() -> outbox.held() > 0 && outbox.relayed() + outbox.held() == 311);
        long onKafka = others().values().stream().mapToInt(List::size).sum();
        assertThat(onKafka + outbox.held()).isEqualTo(310);

        outbox.changeTopic(other, "max.message.bytes", "2000000");

        OutboxFixture.await().until(() -> outbox.pending() == 0);
        assertThatOthersAre(written);
        OutboxFixture.await().until(() -> relay.problem().isEmpty());
    }

    @ParameterizedTest
    @ValueSource(strings = {"no topic", "..", "ü", "long"})
    void an_invalid_topic_name_does_not_block_other_topics(String name) {
        String invalid = name.equals("long") ? "t".repeat(40_000) : name;
        OutboxRelay relay = leader();

        UUID refused = outbox.appendTo(invalid, "o-1", "1");
        outbox.append("o-1", "meanwhile");

        awaitProblem(relay, "row " + refused, "InvalidTopicException");
        OutboxFixture.await().until(() -> outbox.relayed() == 1);
        assertThat(outbox.pending()).isEqualTo(1);

        // An operator deletes the row.
        outbox.execute("DELETE FROM outbox WHERE id = '" + refused + "'");

        OutboxFixture.await().untilAsserted(() -> {
            assertThat(relay.problem()).isEmpty();
            assertThat(outbox.held()).isZero();
        });
    }

    @Test
    void rows_held_late_by_a_former_leader_are_sent() {
        OutboxRelay relay = leader();
        UUID row = outbox.append("o-1", "1");
        OutboxFixture.await().until(() -> outbox.relayed() == 1);

        outbox.execute("INSERT INTO outbox_held_topic (topic, rows, row_id, reason) VALUES ('%1$s', 1, '%2$s', 'late')"
                .formatted(outbox.topic(), row));
        outbox.execute("INSERT INTO outbox_held (id, topic, key_hash, xid) SELECT id, topic, 1, xid FROM outbox");

        OutboxFixture.await().until(() -> outbox.held() == 0);
        outbox.append("o-1", "2");
        assertThat(TopicReader.firstValuesByKey(
                        reader.readUntil(read -> TopicReader.values(read).contains("2"))))
                .isEqualTo(Map.of("o-1", List.of("1", "2")));
        OutboxFixture.await().until(() -> relay.problem().isEmpty());
    }

    @Test
    void a_refused_row_without_a_key_holds_back_no_other_row() {
        outbox.changeTopic(outbox.topic(), "max.message.bytes", "150000");
        leader();

        outbox.execute("""
            INSERT INTO outbox (aggregatetype, type, payload, topic)
            SELECT 'order', 'T', convert_to(value, 'UTF8'), '%s' FROM (VALUES (repeat('x', 400000)), ('1'), ('2')) v (value)
            """.formatted(outbox.topic()));

        OutboxFixture.await().until(() -> outbox.relayed() == 2);
        assertThat(outbox.pending()).isEqualTo(1);
    }

    @Test
    void a_row_deleted_before_kafka_refused_it_is_not_held_despite_an_open_transaction() throws SQLException {
        leader().close();
        try (Connection batchJob = outbox.connect()) {
            batchJob.setAutoCommit(false);
            batchJob.createStatement().execute("SELECT pg_current_xact_id()");
            UUID deleted = outbox.appendTo(other, "o-1", "1");
            outbox.append("o-1", "meanwhile");
            outbox.execute("DELETE FROM outbox WHERE id = '" + deleted + "'");

            OutboxRelay relay = leader();

            reader.readUntil(read -> TopicReader.values(read).contains("meanwhile"));
            OutboxFixture.await().until(() -> outbox.count("SELECT count(*) FROM outbox_held_topic") == 0);
            OutboxFixture.await().until(() -> relay.problem().isEmpty());
        }
    }

    // Waits for the first heartbeat, because a start takes long on a busy machine and is not measured.
    private OutboxRelay leader() {
        OutboxRelay relay = relayWithLongTimeout();
        relay.start();
        OutboxFixture.await().until(() -> outbox.count("SELECT beat FROM outbox_watermark") > 0);
        return relay;
    }

    private OutboxRelay relayWithLongTimeout() {
        return outbox.relay(outbox.config(Duration.ofMinutes(1)), new SimpleMeterRegistry());
    }

    // Appends rows of ten keys. The values of each key are in ascending order.
    private void append(List<String> written, int rows) {
        for (int i = 0; i < rows; i++) {
            int number = written.size();
            String value = "k-" + number % 10 + ":" + number;
            outbox.appendTo(other, "k-" + number % 10, value);
            written.add(value);
        }
    }

    private Duration latency() {
        long start = System.nanoTime();
        UUID id = outbox.append("timed", "now");
        reader.readUntil(read -> read.stream().anyMatch(message -> message.id().equals(id.toString())));
        return Duration.ofNanos(System.nanoTime() - start);
    }

    private void awaitProblem(OutboxRelay relay, String... parts) {
        Awaitility.await()
                .atMost(REPORTED_WITHIN)
                .pollInterval(Duration.ofMillis(50))
                .untilAsserted(() -> assertThat(relay.problem())
                        .hasValueSatisfying(problem -> assertThat(problem).contains(parts)));
    }

    private void assertThatOthersAre(List<String> written) {
        assertThat(others()).isEqualTo(byKey(written));
    }

    // Messages that the deleted topic contained are lost, so only the last values of each key are read.
    private void assertThatOthersEndIn(List<String> written, int atLeast) {
        Map<String, List<String>> expected = byKey(written);
        Map<String, List<String>> read = others();
        assertThat(read.keySet()).isEqualTo(expected.keySet());
        read.forEach((key, values) -> assertThat(expected.get(key)).endsWith(values.toArray(String[]::new)));
        assertThat(read.values().stream().mapToInt(List::size).sum()).isGreaterThanOrEqualTo(atLeast);
    }

    private Map<String, List<String>> others() {
        try (TopicReader others = outbox.reader(other)) {
            return TopicReader.firstValuesByKey(others.readAll());
        }
    }

    private static Map<String, List<String>> byKey(List<String> written) {
        Map<String, List<String>> values = new HashMap<>();
        written.forEach(value -> values.computeIfAbsent(value.substring(0, 3), unseen -> new ArrayList<>())
                .add(value));
        return values;
    }
}
