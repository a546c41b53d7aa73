package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.embedded.TcpProxy;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

@DisplayNameGeneration(ReplaceUnderscores.class)
@Tag("slow")
class TakeoverIT {
    private static final Logger LOGGER = LoggerFactory.getLogger(TakeoverIT.class);
    private static final String MARK = "mark";
    private static ProxiedKafka kafka;

    @RegisterExtension
    final OutboxFixture outbox = OutboxFixture.create(bootstrapServers());

    private final TopicReader reader = outbox.reader();
    private final MeterRegistry firstMeters = new SimpleMeterRegistry();
    private final MeterRegistry secondMeters = new SimpleMeterRegistry();

    @BeforeAll
    static void startKafka(@TempDir Path folder) {
        kafka = ProxiedKafka.start(folder);
    }

    @AfterAll
    static void stopKafka() {
        kafka.close();
    }

    private static String bootstrapServers() {
        return kafka.direct();
    }

    @AfterEach
    void healNetwork() {
        kafka.network().heal();
    }

    @Test
    void one_of_two_relays_leads_and_both_are_healthy() {
        OutboxRelay first = outbox.relay(outbox.config(), firstMeters);
        OutboxRelay second = outbox.relay(outbox.config(), secondMeters);

        first.start();
        second.start();
        outbox.append("o-1", "1");
        reader.readUntil(messages -> messages.size() == 1);

        OutboxFixture.await().untilAsserted(() -> {
            assertThat(leads(firstMeters) + leads(secondMeters)).isEqualTo(1);
            assertThat(first.problem()).isEmpty();
            assertThat(second.problem()).isEmpty();
        });
    }

    @Test
    void when_the_leader_closes_the_other_takes_over() {
        OutboxRelay first = outbox.relay(outbox.config(), firstMeters);
        first.start();
        OutboxFixture.await().until(() -> leads(firstMeters) == 1);
        outbox.relay(outbox.config(), secondMeters).start();

        first.close();
        outbox.append("o-1", "after");

        assertThat(TopicReader.values(reader.readUntil(messages -> !messages.isEmpty())))
                .containsExactly("after");
        assertThat(leads(secondMeters)).isEqualTo(1);
    }

    @Test
    void when_the_leader_is_killed_under_load_the_other_takes_over_and_nothing_is_lost() throws Exception {
        try (RelayProcess first = RelayProcess.start(outbox.config())) {
            OutboxFixture.await().until(outbox::isSlotActive);
            outbox.relay(outbox.config(), secondMeters).start();
            Writers writers = Writers.start(outbox, 4);
            OutboxFixture.await().until(() -> outbox.relayed() > 100);

            first.kill();
            assertThatTheStallIsBounded("killed");
            writers.writeMore(100);

            assertThat(leads(secondMeters)).isEqualTo(1);
            assertThatAllArriveInOrder(writers);
        }
    }

    @Test
    void when_the_leader_is_frozen_under_load_the_other_takes_over_and_nothing_is_lost_when_it_resumes()
            throws Exception {
        try (RelayProcess first = RelayProcess.start(outbox.config())) {
            OutboxFixture.await().until(outbox::isSlotActive);
            outbox.relay(outbox.config(), secondMeters).start();
            Writers writers = Writers.start(outbox, 4);
            OutboxFixture.await().until(() -> outbox.relayed() > 100);

            first.freeze();
            assertThatTheStallIsBounded("frozen");
            writers.writeMore(100);
            first.thaw();
            writers.writeMore(100);

            assertThat(leads(secondMeters)).isEqualTo(1);
            assertThatAllArriveInOrder(writers);
        }
    }

    @Test
    void a_former_leader_that_resumes_sends_only_duplicates_and_confirms_nothing() throws Exception {
        // The leader is frozen with rows in flight to Kafka, and with nothing in flight before them.
        RelayConfig config = OutboxFixture.withoutHeartbeats(outbox.configWithKafkaAt(kafka.throughTheNetwork()));
        try (RelayProcess first = RelayProcess.start(config)) {
            OutboxFixture.await().until(outbox::isSlotActive);
            awaitMessage(outbox.append(MARK, "before"));
            // The message can be read before the leader has its acknowledgement. The wait ensures that the
            // acknowledgement is not what the network holds back.
            OutboxFixture.await().during(Duration.ofSeconds(1)).until(outbox::isSlotActive);
            kafka.network().freeze();
            Writers writers = Writers.start(outbox, 4);
            writers.writeMore(300);
            first.freeze();
            // Another relay has sent these rows and later ones.
            outbox.relay(outbox.config(), secondMeters).start();
            OutboxFixture.await().until(() -> leads(secondMeters) == 1);
            writers.writeMore(100);
            Map<String, List<String>> committed = writers.stop();
            OutboxFixture.await().until(() -> outbox.pending() == 0);
            int before = reader.readAll().size();
            long confirmed = confirmed();

            kafka.network().heal();
            first.thaw();
            reader.readUntil(read -> read.size() > before);

            assertThatAllArrivedInOrder(committed);
            assertThat(confirmed()).isGreaterThanOrEqualTo(confirmed);
            assertThat(leads(secondMeters)).isEqualTo(1);
            assertThat(outbox.relayed()).isEqualTo(writers.committedRows() + 1);
        }
    }

    enum Fault {
        FROZEN {
            @Override
            void applyTo(TcpProxy network) {
                network.freeze();
            }
        },
        CUT {
            @Override
            void applyTo(TcpProxy network) {
                network.cut();
            }
        };

        abstract void applyTo(TcpProxy network);
    }

    @ParameterizedTest
    @EnumSource
    void a_leader_that_cannot_reach_kafka_steps_down_for_a_standby_that_can(Fault fault) throws Exception {
        OutboxRelay first = outbox.relay(outbox.configWithKafkaAt(kafka.throughTheNetwork()), firstMeters);
        first.start();
        OutboxFixture.await().until(() -> leads(firstMeters) == 1);
        OutboxRelay second = outbox.relay(outbox.config(), secondMeters);
        second.start();
        Writers writers = Writers.start(outbox, 4);
        OutboxFixture.await().until(() -> outbox.relayed() > 100);

        fault.applyTo(kafka.network());
        assertThatTheStallIsBounded("kafka " + fault);
        writers.writeMore(100);

        assertThat(leads(secondMeters)).isEqualTo(1);
        OutboxFixture.await().until(() -> leads(firstMeters) == 0);
        assertThat(firstMeters
                        .get("lockstep.relay.restarts")
                        .tag("cause", "stepped_down")
                        .counter()
                        .count())
                .isEqualTo(1);
        assertThatAllArriveInOrder(writers);

        // The former leader leads again only when Kafka answers it.
        second.close();
        UUID last = outbox.append(MARK, "last");
        OutboxFixture.await()
                .untilAsserted(() -> assertThat(first.problem())
                        .hasValueSatisfying(problem -> assertThat(problem).contains("does not answer this relay")));
        assertThat(outbox.isSlotActive()).isFalse();
        kafka.network().heal();
        awaitMessage(last);
        assertThat(leads(firstMeters)).isEqualTo(1);
    }

    @Test
    void a_leader_that_cannot_reach_kafka_keeps_waiting_if_no_standby_can() {
        OutboxRelay first = outbox.relay(outbox.configWithKafkaAt(kafka.throughTheNetwork()), firstMeters);
        first.start();
        OutboxFixture.await().until(() -> leads(firstMeters) == 1);
        outbox.relay(outbox.configWithKafkaAt(kafka.throughTheNetwork()), secondMeters)
                .start();
        long walsender = walsender();

        kafka.network().freeze();
        UUID row = outbox.append("o-1", "1");

        OutboxFixture.await().during(Duration.ofSeconds(10)).until(() -> walsender() == walsender);
        kafka.network().heal();
        awaitMessage(row);
        assertThat(walsender()).isEqualTo(walsender);
    }

    @Test
    void when_the_leader_is_cut_off_from_postgres_the_other_takes_over_and_nothing_is_lost() throws Exception {
        try (TcpProxy network = TcpProxy.to(outbox.postgresHost(), outbox.postgresPort())) {
            OutboxRelay first = outbox.relay(outbox.configWithPostgresAt(network.port()), firstMeters);
            first.start();
            OutboxFixture.await().until(() -> leads(firstMeters) == 1);
            outbox.relay(outbox.config(), secondMeters).start();
            Writers writers = Writers.start(outbox, 4);
            OutboxFixture.await().until(() -> outbox.relayed() > 100);

            network.freeze();
            assertThatTheStallIsBounded("postgres FROZEN");
            writers.writeMore(100);
            network.heal();
            writers.writeMore(100);

            assertThat(leads(secondMeters)).isEqualTo(1);
            assertThatAllArriveInOrder(writers);
            OutboxFixture.await().untilAsserted(() -> {
                assertThat(leads(firstMeters)).isZero();
                assertThat(first.problem()).isEmpty();
            });
            first.close();
        }
    }

    @Test
    void relays_can_prepare_concurrently() throws InterruptedException {
        List<Throwable> failures = new CopyOnWriteArrayList<>();

        List<Thread> threads = IntStream.range(0, 6)
                .mapToObj(i -> Thread.ofPlatform()
                        .uncaughtExceptionHandler((thread, failure) -> failures.add(failure))
                        .start(() -> new OutboxRelay(outbox.config(), new SimpleMeterRegistry()).prepare()))
                .toList();
        for (Thread thread : threads) {
            thread.join();
        }

        assertThat(failures).isEmpty();
    }

    // Logs how long a row takes to arrive that is committed right after the fault.
    private void assertThatTheStallIsBounded(String fault) {
        long start = System.nanoTime();
        awaitMessage(outbox.append(MARK, fault));
        Duration stall = Duration.ofNanos(System.nanoTime() - start);
        LOGGER.atInfo()
                .addKeyValue("leader", fault)
                .addKeyValue("millis", stall.toMillis())
                .log("takeover");
        assertThat(stall).isLessThan(Duration.ofSeconds(40));
    }

    private void awaitMessage(UUID id) {
        reader.readUntil(read -> read.stream().anyMatch(message -> message.id().equals(id.toString())));
    }

    private void assertThatAllArriveInOrder(Writers writers) throws InterruptedException {
        Map<String, List<String>> committed = writers.stop();
        OutboxFixture.await().until(() -> outbox.pending() == 0);
        assertThatAllArrivedInOrder(committed);
    }

    private void assertThatAllArrivedInOrder(Map<String, List<String>> committed) {
        Map<String, List<String>> arrived = new HashMap<>(TopicReader.firstValuesByKey(reader.readAll()));
        arrived.remove(MARK);
        assertThat(arrived).isEqualTo(committed);
    }

    private long walsender() {
        return outbox.count(
                "SELECT coalesce(active_pid, 0) FROM pg_replication_slots WHERE slot_name = '" + outbox.slot() + "'");
    }

    private long confirmed() {
        return outbox.count("SELECT confirmed_flush_lsn - '0/0'::pg_lsn FROM pg_replication_slots WHERE slot_name = '"
                + outbox.slot() + "'");
    }

    private static double leads(MeterRegistry meters) {
        return meters.get("lockstep.relay.leader").gauge().value();
    }
}
