package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

/** Debezium does not let itself be closed while it starts. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class RelayEngineIT {
    private final OutboxFixture outbox = OutboxFixture.create();

    @AfterEach
    void close() {
        outbox.close();
    }

    @Test
    void an_engine_whose_slot_was_lost_before_it_started_ends_when_it_is_closed() throws InterruptedException {
        // Given
        outbox.relay().close();
        outbox.loseSlot();
        RelayEngine engine = new RelayEngine(outbox.config(), (batch, committer) -> {});
        Thread running = start(engine);
        OutboxFixture.await()
                .until(() -> Thread.getAllStackTraces().values().stream()
                        .flatMap(Arrays::stream)
                        .anyMatch(frame -> frame.getMethodName().equals("readReplicationSlotInfo")));

        // When
        engine.close();

        // Then
        assertThat(running.join(Duration.ofSeconds(5))).isTrue();
    }

    @Test
    void an_engine_that_is_closed_while_it_waits_for_postgres_to_make_its_slot_does_not_read_it_afterwards()
            throws Exception {
        // Given
        outbox.relay().close();
        outbox.dropSlot();
        RelayEngine engine = new RelayEngine(outbox.config(), (batch, committer) -> {});
        Thread running;
        try (Connection writer = outbox.connect()) {
            writer.setAutoCommit(false);
            outbox.append(writer, "o-1", "1");
            running = start(engine);
            OutboxFixture.await()
                    .until(() -> outbox.count("SELECT count(*) FROM pg_stat_activity"
                                    + " WHERE backend_type = 'walsender' AND query LIKE 'CREATE_REPLICATION_SLOT%'")
                            > 0);

            // When
            engine.close();
            writer.commit();
        }

        // Then
        OutboxFixture.await().until(() -> {
            engine.close();
            return !running.isAlive();
        });
        OutboxFixture.await()
                .until(() -> Thread.getAllStackTraces().keySet().stream()
                        .map(Thread::getThreadGroup)
                        .noneMatch(group -> group != null && group.getName().equals(RelayEngine.THREADS)));
        OutboxFixture.await().until(() -> !outbox.slotIsActive());
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
