package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.embedded.TcpProxy;
import dev.lockstep.relay.WatermarkStore.Watermark;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
class RecoveryIT {
    @RegisterExtension
    final OutboxFixture outbox = OutboxFixture.create();

    private final TopicReader reader = outbox.reader();

    @Test
    void pending_rows_are_sent_without_being_counted_first() throws SQLException {
        outbox.execute("""
                CREATE FUNCTION once_unlocked(rows bigint) RETURNS bigint LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_advisory_lock_shared(1); RETURN rows; END $$;
                CREATE AGGREGATE count(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '0', FINALFUNC = once_unlocked);
                ALTER DATABASE %s SET search_path = public, pg_catalog
                """.formatted(outbox.database()));
        outbox.append("o-1", "1");
        try (Connection other = outbox.connect();
                Statement lock = other.createStatement()) {
            lock.execute("SELECT pg_advisory_lock(1)");

            outbox.relay().start();

            assertThat(TopicReader.values(reader.readUntil(messages -> !messages.isEmpty())))
                    .containsExactly("1");
        }
        OutboxFixture.await().until(() -> outbox.pending() == 0);
    }

    @Test
    void a_relay_does_not_read_the_outbox_while_another_one_recovers() throws SQLException {
        outbox.append("o-1", "1");
        OutboxRelay relay = outbox.relay();
        outbox.execute("UPDATE outbox_recovery SET holder = gen_random_uuid(), held_until = now() + interval '1 h'");
        try (Connection other = outbox.connect();
                Statement lock = other.createStatement()) {
            other.setAutoCommit(false);
            lock.execute("LOCK TABLE outbox");

            relay.start();

            OutboxFixture.await()
                    .untilAsserted(() -> assertThat(relay.problem())
                            .hasValueSatisfying(problem -> assertThat(problem)
                                    .contains("another relay is sending the pending rows from the table")));
        }
    }

    @Test
    void slot_creation_blocked_by_an_open_transaction_is_retried() throws SQLException {
        SlotProvisioner provisioner = slotProvisioner(outbox.config(), Duration.ofMillis(200));
        try (Connection open = outbox.connect()) {
            open.setAutoCommit(false);
            outbox.append(open, "o-1", "1");

            CompletableFuture<Boolean> prepared = CompletableFuture.supplyAsync(provisioner::prepare);
            Set<String> backends = new HashSet<>();
            OutboxFixture.await().until(() -> {
                slotCreatorPid().ifPresent(backends::add);
                return backends.size() > 1;
            });
            open.commit();

            assertThat(prepared.join()).isTrue();
        }
    }

    @Test
    void closing_ends_a_blocked_slot_creation() throws SQLException {
        SlotProvisioner provisioner = slotProvisioner(outbox.config(), Duration.ofMillis(200));
        try (Connection open = outbox.connect()) {
            open.setAutoCommit(false);
            outbox.append(open, "o-1", "1");
            CompletableFuture<Boolean> prepared = CompletableFuture.supplyAsync(provisioner::prepare);
            OutboxFixture.await().until(() -> slotCreatorPid().isPresent());

            provisioner.close();

            assertThat(prepared)
                    .failsWithin(Duration.ofSeconds(30))
                    .withThrowableThat()
                    .withMessageContaining("the relay is being closed");
        }
    }

    private Optional<String> slotCreatorPid() {
        return Optional.ofNullable(outbox.query("SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
                + " AND query LIKE 'SELECT pg_create_logical%'"));
    }

    private static SlotProvisioner slotProvisioner(RelayConfig config, Duration limit) {
        return new SlotProvisioner(
                config, new RelayDatabase(config), new SlotStore(), new AdaptiveStatementTimeout(limit));
    }

    @Test
    void losing_postgres_during_recovery_is_detected() throws Exception {
        disturbTableRead((recovery, network) -> network.freeze(), Duration.ofSeconds(30), "SocketTimeoutException");
    }

    @Test
    void closing_does_not_wait_for_postgres() throws Exception {
        disturbTableRead((recovery, network) -> recovery.close(), Duration.ofSeconds(4), "pending rows cannot be read");
    }

    private void disturbTableRead(BiConsumer<Recovery, TcpProxy> what, Duration limit, String end) throws SQLException {
        try (TcpProxy network = TcpProxy.to(outbox.postgresHost(), outbox.postgresPort());
                Connection other = outbox.connect();
                Statement lock = other.createStatement()) {
            outbox.append("o-1", "1");
            Recovery recovery = recovery(outbox.configWithPostgresAt(network.port()));
            other.setAutoCommit(false);
            lock.execute("LOCK TABLE outbox");
            CompletableFuture<Void> run = CompletableFuture.runAsync(() -> run(recovery));
            OutboxFixture.await()
                    .until(() -> outbox.count("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                                    + " AND datname = current_database()")
                            > 0);

            what.accept(recovery, network);

            assertThat(run).failsWithin(limit).withThrowableThat().withMessageContaining(end);
        }
    }

    private static Recovery recovery(RelayConfig config) {
        SlotProvisioner provisioner = slotProvisioner(config, Duration.ofSeconds(8));
        assertThat(provisioner.prepare()).isTrue();
        RelayHealth health = new RelayHealth(config.slotName(), config.stalledAfter(), System::nanoTime);
        RelayDatabase database = new RelayDatabase(config);
        OutboxResender sender = new OutboxResender(
                new RowSender(
                        new KafkaSender(
                                () -> OutboxProducer.create(config),
                                config.bootstrapServers(),
                                new AdminTopicProbe(config),
                                health),
                        new OutboxRecords(config.source()),
                        new HeldRows(database, health, config.bootstrapServers())),
                new RelayMetrics(new SimpleMeterRegistry(), config.database(), () -> 0));
        return new Recovery(config, database, provisioner, sender, health);
    }

    private static void run(Recovery recovery) {
        try {
            recovery.run();
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void a_former_leader_does_not_move_the_watermark_back() throws SQLException {
        WatermarkStore watermark = new WatermarkStore();
        RecoveryStore recovery = new RecoveryStore();
        try (Connection connection = outbox.connect()) {
            watermark.insertHeartbeat(connection);
            Heartbeat beat = new Heartbeat(
                    outbox.count("SELECT max(beat) FROM outbox_heartbeat"),
                    Objects.requireNonNull(outbox.query("SELECT snapshot FROM outbox_heartbeat")));
            Watermark from = watermark.read(connection);
            outbox.append("o-1", "1");
            recovery.begin(connection, "0/1");
            recovery.complete(connection, "0/1");

            watermark.move(connection, from, beat);

            assertThat(outbox.pending()).isZero();
            assertThat(watermark.read(connection).heartbeatNumber()).isEqualTo(beat.number());
        }
    }
}
