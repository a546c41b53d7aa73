package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.relay.SlotStore.SlotState;
import dev.lockstep.relay.TopicReader.Message;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
@Tag("slow")
class LostSlotIT {
    @RegisterExtension
    final OutboxFixture outbox = OutboxFixture.create();

    private final TopicReader reader = outbox.reader();

    @Test
    void a_missing_slot_is_recreated_and_missed_rows_are_sent_from_the_table() {
        OutboxRelay first = outbox.relay();
        first.start();
        outbox.append("o-1", "1");
        OutboxFixture.await().until(() -> outbox.relayed() == 1);
        first.close();
        outbox.append("o-1", "2");
        outbox.dropSlot();
        outbox.append("o-1", "3");

        OutboxRelay second = outbox.relay();
        outbox.append("o-1", "4");
        second.start();
        outbox.append("o-1", "5");

        List<Message> messages =
                reader.readUntil(read -> TopicReader.values(read).contains("5"));
        assertThat(TopicReader.firstValuesByKey(messages)).isEqualTo(Map.of("o-1", List.of("1", "2", "3", "4", "5")));
        OutboxFixture.await().until(() -> outbox.pending() == 0);
        assertThat(outbox.relayed()).isEqualTo(5);
    }

    @Test
    void a_lost_slot_is_replaced_and_missed_rows_are_sent_from_the_table() {
        OutboxRelay first = outbox.relay();
        first.start();
        OutboxFixture.await().until(() -> outbox.count("SELECT beat FROM outbox_watermark") > 0);
        first.close();
        outbox.append("o-1", "1");
        outbox.invalidateSlot();

        OutboxRelay second = outbox.relay();
        second.start();
        outbox.append("o-1", "2");

        List<Message> messages =
                reader.readUntil(read -> TopicReader.values(read).contains("2"));
        assertThat(TopicReader.firstValuesByKey(messages)).isEqualTo(Map.of("o-1", List.of("1", "2")));
        OutboxFixture.await().untilAsserted(() -> {
            assertThat(second.problem()).isEmpty();
            assertThat(outbox.pending()).isZero();
        });
    }

    @Test
    void an_active_slot_that_is_invalidated_is_replaced_and_nothing_is_lost() throws Exception {
        try (RelayProcess relay = RelayProcess.start(outbox.config())) {
            Writers writers = Writers.start(outbox, 3);
            OutboxFixture.await().until(() -> outbox.relayed() > 50 && outbox.isSlotActive());

            relay.freeze();
            writers.writeMore(100);
            outbox.invalidateSlot();
            relay.thaw();
            writers.writeMore(100);
            Map<String, List<String>> committed = writers.stop();

            assertThatAllArrive(committed, writers.committedRows());
            OutboxFixture.await().until(() -> outbox.pending() == 0);
        }
    }

    @Test
    void dropping_the_slot_repeatedly_under_load_loses_nothing_and_keeps_the_order_of_each_key()
            throws InterruptedException {
        OutboxRelay relay = outbox.relay();
        relay.start();
        outbox.relay().start();
        Writers writers = Writers.start(outbox, 4);

        for (int drop = 0; drop < 4; drop++) {
            long relayed = outbox.relayed();
            OutboxFixture.await().until(() -> outbox.relayed() > relayed + 50);
            outbox.dropActiveSlot();
        }
        writers.writeMore(100);
        Map<String, List<String>> committed = writers.stop();

        assertThatAllArrive(committed, writers.committedRows());
        OutboxFixture.await().untilAsserted(() -> {
            assertThat(outbox.pending()).isZero();
            assertThat(relay.problem()).isEmpty();
        });
    }

    /** The points at which a relay that replaces its slot can be killed. All of its state is in the database. */
    enum Step {
        SLOT_LOST("SELECT 1"),
        SLOT_DROPPED("SELECT pg_drop_replication_slot('%1$s')"),
        NEW_SLOT_CREATED(SLOT_DROPPED, "SELECT pg_create_logical_replication_slot('%1$s_new', 'pgoutput')"),
        RECOVERY_STARTED(NEW_SLOT_CREATED, """
            DELETE FROM outbox_recovery;
            INSERT INTO outbox_recovery (slot_lsn, snapshot, holder, held_until)
            SELECT confirmed_flush_lsn, pg_current_snapshot(), gen_random_uuid(), clock_timestamp() + interval '1 s'
              FROM pg_replication_slots WHERE slot_name = '%1$s_new'
            """),
        HALF_SENT(
                RECOVERY_STARTED,
                "UPDATE outbox_recovery SET sent = (SELECT id FROM outbox ORDER BY id OFFSET 1199 LIMIT 1)"),
        ALL_SENT(RECOVERY_STARTED, """
            WITH done AS (UPDATE outbox_recovery SET completed = true RETURNING slot_lsn, snapshot),
                 term AS (UPDATE outbox_term t SET slot_lsn = done.slot_lsn, proven = false FROM done)
            UPDATE outbox_watermark w SET snapshot = done.snapshot FROM done
            """),
        SLOT_COPIED(ALL_SENT, "SELECT pg_copy_logical_replication_slot('%1$s_new', '%1$s')");

        private final String statements;

        Step(String statement) {
            this.statements = statement;
        }

        Step(Step before, String statement) {
            this.statements = before.statements + "|" + statement;
        }

        int sent() {
            return switch (this) {
                case SLOT_LOST, SLOT_DROPPED, NEW_SLOT_CREATED, RECOVERY_STARTED -> 0;
                case HALF_SENT -> 1_200;
                case ALL_SENT, SLOT_COPIED -> 2_500;
            };
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_relay_killed_between_two_steps_goes_on_with_the_next_one(Step step) {
        outbox.relay();
        List<String> before = append("a", 2_500);
        outbox.invalidateSlot();
        // One transaction for each statement: a slot cannot be created in a transaction that has written.
        Pattern.compile("|", Pattern.LITERAL)
                .splitAsStream(step.statements.formatted(outbox.slot()))
                .forEach(outbox::execute);
        List<String> meanwhile = append("b", 10);

        outbox.relay().start();
        List<String> after = append("c", 10);

        List<String> expected = Stream.of(before.subList(step.sent(), before.size()), meanwhile, after)
                .flatMap(List::stream)
                .toList();
        List<Message> messages =
                reader.readUntil(read -> TopicReader.values(read).containsAll(after));
        assertThat(TopicReader.firstValuesByKey(messages)).isEqualTo(Map.of("o-1", expected));
        OutboxFixture.await()
                .until(() -> outbox.pending() == 0
                        && outbox.count("SELECT count(*) FROM pg_replication_slots WHERE slot_name = '" + outbox.slot()
                                        + "_new'")
                                == 0);
    }

    @Test
    void only_one_of_two_relays_sends_the_rows_that_a_lost_slot_missed() {
        outbox.relay();
        append("a", 5_000);
        outbox.invalidateSlot();

        outbox.relay().start();
        outbox.relay().start();
        append("b", 1);

        List<Message> messages =
                reader.readUntil(read -> TopicReader.values(read).contains("b-1"));
        assertThat(messages.stream().map(Message::id)).doesNotHaveDuplicates().hasSize(5_001);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_slot_created_by_an_engine_is_replaced_even_if_its_relay_crashed(boolean relayed) throws SQLException {
        OutboxRelay first = outbox.relay();
        List<String> before = relayed ? append("a", 1) : List.of();
        if (relayed) {
            first.start();
            OutboxFixture.await().until(() -> outbox.relayed() == 1);
            first.close();
        }
        claimSlot(slotProvisioner());
        List<String> missed = append("b", 10);
        outbox.dropSlot();
        // Creates the slot as the crashed engine did. The slot is all that remains of it.
        outbox.execute("SELECT pg_create_logical_replication_slot('%s', 'pgoutput')".formatted(outbox.slot()));

        outbox.relay().start();
        List<String> after = append("c", 10);

        assertThatTheyArrive(List.of(before, missed, after));
        OutboxFixture.await().until(() -> outbox.pending() == 0);
    }

    @Test
    void a_slot_created_by_an_engine_is_replaced_even_if_the_previous_slot_was_verified() throws SQLException {
        outbox.relay();
        SlotProvisioner one = slotProvisioner();
        SlotProvisioner other = slotProvisioner();
        SlotState seen = claimSlot(one);
        assertThat(claimSlot(other).confirmedLsn()).isEqualTo(seen.confirmedLsn());
        assertThat(one.verify(seen)).isTrue();
        List<String> missed = append("b", 10);
        outbox.dropSlot();
        outbox.execute("SELECT pg_create_logical_replication_slot('%s', 'pgoutput')".formatted(outbox.slot()));
        assertThat(other.verify(seen)).isFalse();

        outbox.relay().start();
        List<String> after = append("c", 10);

        assertThatTheyArrive(List.of(missed, after));
    }

    @Test
    void a_slot_that_another_relay_read_since_it_was_claimed_is_not_replaced() throws SQLException {
        OutboxRelay relay = outbox.relay();
        SlotProvisioner provisioner = slotProvisioner();
        SlotState seen = claimSlot(provisioner);

        relay.start();
        append("a", 1);
        OutboxFixture.await().until(() -> outbox.relayed() == 1);
        relay.close();

        try (Connection connection = outbox.connect()) {
            assertThat(provisioner.claim(connection, seen)).isFalse();
            assertThat(provisioner.dropUnverified(connection)).isFalse();
            assertThat(provisioner.state(connection)).isPresent();
        }
    }

    private SlotProvisioner slotProvisioner() {
        RelayConfig config = outbox.config();
        return new SlotProvisioner(config, new RelayDatabase(config), new SlotStore());
    }

    private SlotState claimSlot(SlotProvisioner provisioner) throws SQLException {
        try (Connection connection = outbox.connect()) {
            SlotState seen = provisioner.state(connection).orElseThrow();
            assertThat(provisioner.claim(connection, seen)).isTrue();
            return seen;
        }
    }

    @Test
    void nothing_is_published_from_an_unverified_slot() {
        outbox.relay();
        RelayConfig config = outbox.config();
        SlotState before = new SlotState(false, null, true, "0/1", 0);
        RelayHealth health = new RelayHealth(config.slotName(), Duration.ofSeconds(15), System::nanoTime);
        RelayDatabase database = new RelayDatabase(config);
        RelayContext relay = new RelayContext(
                config,
                database,
                new SlotProvisioner(config, database, new SlotStore()),
                new WatermarkStore(),
                () -> OutboxProducer.create(config),
                health,
                new RelayMetrics(new SimpleMeterRegistry(), config.database(), () -> 0));
        LeaderSession session = new LeaderSession(relay, before, PgSnapshot.parse("3:3:"), 0);
        outbox.append("o-1", "1");

        assertThatThrownBy(session::run)
                .isInstanceOf(RelayException.class)
                .hasMessageContaining("is not the slot that this relay claimed before its engine started");

        assertThat(reader.readAll()).isEmpty();
    }

    private List<String> append(String prefix, int count) {
        outbox.execute("""
            INSERT INTO outbox (aggregatetype, aggregateid, type, payload, topic)
            SELECT 'order', 'o-1', 'Counted', convert_to('%s-' || n, 'UTF8'), '%s' FROM generate_series(1, %d) n
            """.formatted(prefix, outbox.topic(), count));
        return IntStream.rangeClosed(1, count).mapToObj(n -> prefix + "-" + n).toList();
    }

    private void assertThatTheyArrive(List<List<String>> inThisOrder) {
        List<String> expected = inThisOrder.stream().flatMap(List::stream).toList();
        List<Message> messages =
                reader.readUntil(read -> TopicReader.values(read).containsAll(expected));
        assertThat(TopicReader.firstValuesByKey(messages)).isEqualTo(Map.of("o-1", expected));
    }

    private void assertThatAllArrive(Map<String, List<String>> committed, int rows) {
        List<Message> messages = reader.readUntil(
                read -> read.stream().map(Message::id).distinct().count() == rows);
        assertThat(TopicReader.firstValuesByKey(messages)).isEqualTo(committed);
    }
}
