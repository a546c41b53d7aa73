package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.embedded.TcpProxy;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests how an engine ends. Debezium refuses to close an engine that is starting. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class RelayEngineIT {
    @RegisterExtension
    final OutboxFixture outbox = OutboxFixture.create();

    @Test
    void an_engine_whose_slot_was_lost_before_it_started_ends_when_it_is_closed() throws InterruptedException {
        outbox.relay().close();
        outbox.invalidateSlot();
        RelayEngine engine = new RelayEngine(outbox.config(), (batch, committer) -> {}, step -> {});
        Thread running = start(engine);
        OutboxFixture.await()
                .until(() -> Thread.getAllStackTraces().values().stream()
                        .flatMap(Arrays::stream)
                        .anyMatch(frame -> frame.getMethodName().equals("readReplicationSlotInfo")));

        engine.close();

        assertThat(running.join(Duration.ofSeconds(5))).isTrue();
    }

    @Test
    void an_engine_closed_while_postgres_creates_its_slot_does_not_read_it_afterwards() throws Exception {
        outbox.relay().close();
        outbox.dropSlot();
        RelayEngine engine = new RelayEngine(outbox.config(), (batch, committer) -> {}, step -> {});
        Thread running;
        try (Connection writer = outbox.connect()) {
            writer.setAutoCommit(false);
            outbox.append(writer, "o-1", "1");
            running = start(engine);
            OutboxFixture.await()
                    .until(() -> outbox.count("SELECT count(*) FROM pg_stat_activity"
                                    + " WHERE backend_type = 'walsender' AND query LIKE 'CREATE_REPLICATION_SLOT%'")
                            > 0);

            engine.close();
            writer.commit();
        }

        OutboxFixture.await().until(() -> {
            engine.close();
            return !running.isAlive();
        });
        OutboxFixture.await().until(() -> engineThreads().isEmpty());
        OutboxFixture.await().until(() -> !outbox.isSlotActive());
    }

    @Test
    void an_engine_that_is_closed_just_before_it_polls_ends() throws Exception {
        // The engine is about to poll, and Debezium already considers it running.
        outbox.relay().close();
        CountDownLatch polling = new CountDownLatch(1);
        CountDownLatch stopping = new CountDownLatch(1);
        Semaphore resume = new Semaphore(0);
        RelayEngine engine = new RelayEngine(outbox.config(), (batch, committer) -> {}, step -> {
            if (step.equals("polling started")) {
                polling.countDown();
                resume.acquireUninterruptibly();
            } else if (step.equals("task stopped")) {
                stopping.countDown();
                resume.acquireUninterruptibly();
            }
        });
        Thread running = start(engine);
        assertThat(polling.await(60, TimeUnit.SECONDS)).isTrue();

        // The engine continues to its poll while it is still stopping its tasks.
        Thread closing = Thread.ofPlatform().start(engine::close);
        assertThat(stopping.await(60, TimeUnit.SECONDS)).isTrue();
        resume.release(2);

        assertThat(running.join(Duration.ofSeconds(10))).isTrue();
        assertThat(closing.join(Duration.ofSeconds(10))).isTrue();
        OutboxFixture.await().until(() -> engineThreads().isEmpty());
        assertThat(outbox.isSlotActive()).isFalse();
    }

    @Test
    void an_engine_that_does_not_end_is_abandoned_and_neither_publishes_nor_holds_the_slot() throws Exception {
        // The engine's thread hangs in a batch and ignores interrupts.
        outbox.relay().close();
        CountDownLatch hanging = new CountDownLatch(1);
        Semaphore resume = new Semaphore(0);
        AtomicInteger batches = new AtomicInteger();
        RelayEngine engine = new RelayEngine(
                outbox.config(),
                (batch, committer) -> {
                    batches.incrementAndGet();
                    hanging.countDown();
                    resume.acquireUninterruptibly();
                    committer.markProcessed(batch.getLast());
                    committer.markBatchFinished();
                },
                step -> {});
        AtomicReference<Throwable> ended = new AtomicReference<>();
        Thread running = Thread.ofPlatform().start(() -> {
            try {
                engine.run();
            } catch (RelayException cause) {
                ended.set(cause);
            }
        });
        OutboxFixture.await().until(() -> outbox.isSlotActive());
        outbox.append("o-1", "1");
        assertThat(hanging.await(60, TimeUnit.SECONDS)).isTrue();

        engine.close();

        // The slot is free at once, although the thread still hangs.
        assertThat(running.join(Duration.ofSeconds(1))).isTrue();
        assertThat(ended.get()).hasMessageContaining("did not end within 4 s and was abandoned");
        OutboxFixture.await().until(() -> !outbox.isSlotActive());
        outbox.append("o-1", "2");
        resume.release();
        OutboxFixture.await().until(() -> engineThreads().isEmpty());
        assertThat(batches).hasValue(1);

        // The next relay sends all rows.
        OutboxRelay next = outbox.relay();
        next.start();
        OutboxFixture.await().until(() -> outbox.relayed() == 2);
    }

    @Test
    void an_engine_that_starts_slowly_is_not_replaced() {
        // Each round trip of the engine to Postgres takes long.
        outbox.relay().close();
        try (TcpProxy network = TcpProxy.to(outbox.postgresHost(), outbox.postgresPort())) {
            SimpleMeterRegistry meters = new SimpleMeterRegistry();
            network.delay(Duration.ofMillis(100));
            OutboxRelay relay = outbox.relay(outbox.configWithPostgresAt(network.port()), meters);

            relay.start();
            outbox.append("o-1", "1");

            // The start takes longer than the stall timeout, and the engine is not replaced.
            OutboxFixture.await().until(() -> outbox.relayed() == 1);
            assertThat(meters.get("lockstep.relay.restarts").counters().stream()
                            .mapToDouble(Counter::count)
                            .sum())
                    .isZero();
        }
    }

    // The driver's timer thread is excluded: all connections of the process share it.
    private static List<Thread> engineThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> !thread.getName().startsWith("PostgreSQL-JDBC"))
                .filter(thread -> thread.getThreadGroup() != null
                        && thread.getThreadGroup().getName().equals(RelayEngine.THREADS))
                .toList();
    }

    private static Thread start(RelayEngine engine) {
        return Thread.ofPlatform().start(() -> {
            try {
                engine.run();
            } catch (RelayException expected) {
                return;
            }
        });
    }
}
