package dev.lockstep.messaging;

import static dev.lockstep.messaging.Fixture.greeter;
import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.messaging.Fixture.Greeting;
import dev.lockstep.messaging.consumer.BatchStartStore;
import dev.lockstep.messaging.consumer.MessageConsumer;
import dev.lockstep.messaging.delivery.MessageHandler;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Which starts of a batch are counted. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class BatchStartsIT {
    @RegisterExtension
    final Fixture fixture = Fixture.withTopic(1);

    // Leaves the state that a killed process leaves: a start that was counted and not cleared.
    private void simulateCrashAt(long offset) {
        await(new BatchStartStore(fixture.group)
                .countStarts(fixture.pool, Map.of(new TopicPartition(fixture.topic, 0), offset)));
    }

    @Test
    void a_record_that_crashes_the_process_becomes_a_dead_letter_after_max_attempts_starts() {
        fixture.hello("k", "ann");
        fixture.hello("k", "bob");
        simulateCrashAt(0);
        simulateCrashAt(0);
        simulateCrashAt(0);

        fixture.consume(greeter());

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("bob"));
        assertThat(fixture.strings("SELECT reason || ' ' || attempts FROM dead_letter"))
                .containsExactly("CONSUMER_CRASHED 3");
    }

    @Test
    void a_record_handled_before_the_crash_is_not_a_dead_letter() {
        fixture.hello("k", "ann");
        MessageConsumer first = fixture.consume(greeter());
        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann"));
        await(first.stop());
        fixture.deleteCommittedOffsets();
        simulateCrashAt(0);
        simulateCrashAt(0);
        simulateCrashAt(0);

        fixture.consume(greeter());
        fixture.hello("k", "bob");

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann", "bob"));
        assertThat(fixture.strings("SELECT id FROM dead_letter")).isEmpty();
    }

    @Test
    void the_records_of_a_restarted_batch_are_delivered_one_by_one() {
        IntStream.range(0, 100).forEach(i -> fixture.hello("k", "n" + i));
        List<Integer> sizes = new CopyOnWriteArrayList<>();
        simulateCrashAt(0);

        fixture.consume((tx, messages) -> {
            sizes.add(messages.size());
            return greeter().handle(tx, messages);
        });

        await().untilAsserted(() -> assertThat(fixture.greeted()).hasSize(100));
        assertThat(sizes).containsOnly(1);
        assertThat(fixture.strings("SELECT id FROM dead_letter")).isEmpty();
    }

    @Test
    void only_the_batch_a_restart_would_begin_with_is_counted() {
        fixture.hello("k", "ann");
        fixture.consume(greeter());
        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann"));

        fixture.hello("k", "bob");

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann", "bob"));
        assertThat(fixture.strings("SELECT \"offset\" || ' ' || starts FROM delivery_attempt"))
                .containsExactly("0 1");
    }

    @Test
    void a_failure_that_the_process_survives_does_not_count() {
        fixture.hello("k", "ann");

        fixture.consume(greeterWhoseConnectionBreaks(5));

        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann"));
        assertThat(fixture.strings("SELECT id FROM dead_letter")).isEmpty();
    }

    @Test
    void a_survived_failure_does_not_count_when_clearing_the_count_fails_for_a_while() {
        int most = fixture.options().retries().maxAttempts() + 2;
        await(fixture.pool.query("""
                CREATE SEQUENCE refusals;
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF nextval('refusals') <= %d THEN
                        RAISE EXCEPTION 'not now' USING ERRCODE = '57P03';
                    END IF;
                    RETURN NEW;
                END $$;
                CREATE TRIGGER refuse BEFORE UPDATE ON delivery_attempt
                    FOR EACH ROW WHEN (NEW.starts = 0) EXECUTE FUNCTION refuse();
                """.formatted(most)).execute());
        fixture.hello("k", "ann");

        fixture.consume(greeterWhoseConnectionBreaks(most));

        await().atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann"));
        assertThat(fixture.strings("SELECT id FROM dead_letter")).isEmpty();
    }

    private static MessageHandler<Greeting> greeterWhoseConnectionBreaks(int times) {
        AtomicInteger left = new AtomicInteger(times);
        return (tx, messages) -> left.getAndDecrement() > 0
                ? tx.query("SELECT pg_terminate_backend(pg_backend_pid())")
                        .execute()
                        .mapEmpty()
                : greeter().handle(tx, messages);
    }
}
