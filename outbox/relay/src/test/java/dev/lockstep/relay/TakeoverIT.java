package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.relay.TopicReader.Message;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class TakeoverIT {
    private final OutboxFixture outbox = OutboxFixture.create();
    private final TopicReader reader = outbox.reader();
    private final MeterRegistry firstMeters = new SimpleMeterRegistry();
    private final MeterRegistry secondMeters = new SimpleMeterRegistry();

    @AfterEach
    void close() {
        reader.close();
        outbox.close();
    }

    @Test
    void of_two_relays_one_leads_and_both_are_well() {
        // Given
        OutboxRelay first = outbox.relay(outbox.config(), firstMeters);
        OutboxRelay second = outbox.relay(outbox.config(), secondMeters);

        // When
        first.start();
        second.start();
        outbox.append("o-1", "1");
        reader.readUntil(messages -> messages.size() == 1);

        // Then
        OutboxFixture.await().untilAsserted(() -> {
            assertThat(leads(firstMeters) + leads(secondMeters)).isEqualTo(1);
            assertThat(first.problem()).isEmpty();
            assertThat(second.problem()).isEmpty();
        });
    }

    @Test
    void when_the_leader_closes_the_other_takes_over() {
        // Given
        OutboxRelay first = outbox.relay(outbox.config(), firstMeters);
        first.start();
        OutboxFixture.await().until(() -> leads(firstMeters) == 1);
        outbox.relay(outbox.config(), secondMeters).start();

        // When
        first.close();
        outbox.append("o-1", "after");

        // Then
        assertThat(TopicReader.values(reader.readUntil(messages -> !messages.isEmpty())))
                .containsExactly("after");
        assertThat(leads(secondMeters)).isEqualTo(1);
    }

    @Test
    void when_the_leader_is_killed_under_load_the_other_takes_over_and_nothing_is_lost() throws Exception {
        // Given
        try (RelayProcess first = RelayProcess.start(outbox.config())) {
            OutboxFixture.await()
                    .until(() -> outbox.count("SELECT count(*) FROM pg_replication_slots WHERE active AND slot_name = '"
                                    + outbox.slot() + "'")
                            == 1);
            outbox.relay(outbox.config(), secondMeters).start();
            Writers writers = Writers.start(outbox, 4);
            OutboxFixture.await().until(() -> outbox.relayed() > 100);

            // When
            first.kill();
            OutboxFixture.await().until(() -> leads(secondMeters) == 1);
            writers.writeMore(100);
            Map<String, List<String>> committed = writers.stop();

            // Then
            List<Message> messages = reader.readUntil(
                    read -> read.stream().map(Message::id).distinct().count() == writers.committedRows());
            assertThat(TopicReader.firstValuesByKey(messages)).isEqualTo(committed);
        }
    }

    @Test
    void relays_that_prepare_at_the_same_moment_do_not_fail_each_other() throws InterruptedException {
        // Given
        List<Throwable> failures = new CopyOnWriteArrayList<>();

        // When
        List<Thread> threads = IntStream.range(0, 6)
                .mapToObj(i -> Thread.ofPlatform()
                        .uncaughtExceptionHandler((thread, failure) -> failures.add(failure))
                        .start(() -> new OutboxRelay(outbox.config(), new SimpleMeterRegistry()).prepare()))
                .toList();
        for (Thread thread : threads) {
            thread.join();
        }

        // Then
        assertThat(failures).isEmpty();
    }

    private static double leads(MeterRegistry meters) {
        return meters.get("lockstep.relay.leader").gauge().value();
    }
}
