package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

@DisplayNameGeneration(ReplaceUnderscores.class)
class LivenessIT {
    private static final Duration STALLED_AFTER = Duration.ofSeconds(40);

    @RegisterExtension
    final OutboxFixture outbox = OutboxFixture.create();

    private final TopicReader reader = outbox.reader();
    private final MeterRegistry meters = new SimpleMeterRegistry();

    @Test
    void a_stalled_engine_is_replaced_before_readiness_fails() {
        OutboxRelay relay = outbox.relay(outbox.config(STALLED_AFTER), meters);
        relay.start();
        outbox.append("o-1", "1");
        OutboxFixture.await().until(() -> outbox.relayed() == 1);
        long walsender =
                outbox.count("SELECT active_pid FROM pg_replication_slots WHERE slot_name = '" + outbox.slot() + "'");

        // The connection stays open but delivers nothing.
        AtomicBoolean reported = new AtomicBoolean();
        outbox.signalPostgres("STOP", walsender);
        try {
            outbox.append("o-1", "2");
            OutboxFixture.await().until(() -> {
                reported.compareAndSet(false, relay.problem().isPresent());
                return restarts() == 1;
            });
        } finally {
            outbox.signalPostgres("CONT", walsender);
        }

        OutboxFixture.await().until(() -> {
            reported.compareAndSet(false, relay.problem().isPresent());
            return outbox.relayed() == 2;
        });
        assertThat(reported).isFalse();
        assertThat(TopicReader.values(reader.readAll())).contains("1", "2");
        assertThat(meters.get("lockstep.relay.heartbeat.age.seconds").gauge().value())
                .isLessThan(10);
    }

    @Test
    void heartbeats_delayed_by_the_database_do_not_count_as_a_stalled_engine() throws SQLException {
        OutboxRelay relay = outbox.relay(outbox.config(), meters);
        relay.start();
        outbox.append("o-1", "1");
        OutboxFixture.await().until(() -> outbox.relayed() == 1);

        // A lock blocks the update of the watermark.
        try (Connection other = outbox.connect();
                Statement lock = other.createStatement()) {
            other.setAutoCommit(false);
            lock.execute("LOCK TABLE outbox_watermark");
            OutboxFixture.await()
                    .until(() -> meters.get("lockstep.relay.heartbeat.age.seconds")
                                    .gauge()
                                    .value()
                            > 8);
        }

        outbox.append("o-1", "2");
        OutboxFixture.await().until(() -> outbox.relayed() == 2);
        assertThat(restarts()).isZero();
    }

    @Test
    void missing_acknowledgements_are_reported_and_the_relay_continues_when_they_return(@TempDir Path folder) {
        try (ProxiedKafka kafka = ProxiedKafka.start(folder);
                OutboxFixture own = OutboxFixture.create(kafka.direct());
                TopicReader topic = own.reader()) {
            OutboxRelay relay = own.relay(own.configWithKafkaAt(kafka.throughTheNetwork()), meters);
            relay.start();
            own.append("o-1", "1");
            OutboxFixture.await().until(() -> own.relayed() == 1);

            // The connection stays open but no acknowledgement arrives.
            kafka.network().freeze();
            own.append("o-1", "2");

            OutboxFixture.await()
                    .untilAsserted(() -> assertThat(relay.problem())
                            .hasValueSatisfying(problem -> assertThat(problem)
                                    .contains(
                                            "is stalled: nothing was acknowledged for ",
                                            "Kafka at " + kafka.throughTheNetwork()
                                                    + " has not acknowledged outbox ")));
            kafka.network().heal();
            OutboxFixture.await().untilAsserted(() -> {
                assertThat(relay.problem()).isEmpty();
                assertThat(own.relayed()).isEqualTo(2);
            });
            assertThat(TopicReader.values(topic.readAll())).containsExactly("1", "2");
            assertThat(restarts()).isZero();
        }
    }

    private double restarts() {
        return meters.get("lockstep.relay.restarts")
                .tag("cause", "silent")
                .counter()
                .count();
    }
}
