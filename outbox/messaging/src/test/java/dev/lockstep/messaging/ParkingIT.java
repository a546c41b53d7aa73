package dev.lockstep.messaging;

import static dev.lockstep.messaging.Fixture.greeter;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.messaging.Fixture.Greeting;
import dev.lockstep.messaging.delivery.ConsumerOptions;
import dev.lockstep.messaging.delivery.MessageHandler;
import io.vertx.core.Future;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A message whose handler fails for an unknown reason, and the messages behind it. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class ParkingIT {
    @RegisterExtension
    final Fixture fixture = Fixture.withTopic(1);

    private final AtomicBoolean broken = new AtomicBoolean(true);
    private final AtomicInteger attempts = new AtomicInteger();

    private final MessageHandler<Greeting> failsForBob = (tx, messages) -> {
        if (broken.get()
                && messages.stream().anyMatch(each -> each.message().name().equals("bob"))) {
            attempts.incrementAndGet();
            throw new IllegalStateException("no greeting for bob");
        }
        return greeter().handle(tx, messages);
    };

    @Test
    void a_failing_key_is_parked_others_continue_and_it_recovers_in_order() {
        ConsumerOptions manyAttempts = manyAttempts();
        fixture.hello("a", "ann");
        fixture.hello("b", "bob");
        fixture.hello("b", "bea");
        fixture.hello("a", "abe");
        fixture.consume(manyAttempts, failsForBob, topic -> true);
        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann", "abe"));
        fixture.hello("b", "ben");
        await().untilAsserted(() -> assertThat(fixture.committed()).isEqualTo(5));
        assertThat(fixture.strings("SELECT count(*) FROM parked_message")).containsExactly("3");

        broken.set(false);

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann", "abe", "bob", "bea", "ben"));
        assertThat(fixture.strings("SELECT topic FROM parked_message")).isEmpty();
        assertThat(fixture.strings("SELECT id FROM dead_letter")).isEmpty();
    }

    @Test
    void a_message_becomes_a_dead_letter_after_the_last_attempt_and_its_key_continues() {
        fixture.hello("b", "bob");
        fixture.hello("b", "bea");
        fixture.consume(failsForBob);

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("bea"));

        assertThat(fixture.strings("SELECT reason || ' ' || attempts || ' ' || error FROM dead_letter"))
                .containsExactly("HANDLER_FAILED 3 java.lang.IllegalStateException: no greeting for bob");
    }

    @Test
    void a_key_too_long_for_an_index_is_parked_like_any_other() {
        fixture.hello(Fixture.TOO_LONG_FOR_AN_INDEX, "bob");
        fixture.hello(Fixture.TOO_LONG_FOR_AN_INDEX, "bea");

        fixture.consume(failsForBob);

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("bea"));
        assertThat(fixture.strings("SELECT reason || ' ' || attempts FROM dead_letter"))
                .containsExactly("HANDLER_FAILED 3");
    }

    @Test
    void an_unavailable_dependency_is_retried_without_limit_and_blocks_no_other_key() {
        List<String> names = List.of("bob", "cid", "dan", "eve");
        Set<String> parked = ConcurrentHashMap.newKeySet();
        names.forEach(name -> fixture.hello(name, name));
        fixture.consume((tx, messages) -> {
            String name = messages.getFirst().message().name();
            if (messages.size() > 1 || parked.add(name)) {
                throw new IllegalStateException("not now");
            }
            if (name.equals("bob") && broken.get()) {
                attempts.incrementAndGet();
                return Future.failedFuture(new IOException("bob's address service is unavailable"));
            }
            return greeter().handle(tx, messages);
        });

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactlyInAnyOrder("cid", "dan", "eve"));
        await().until(() -> attempts.get() > 2 * fixture.options().retries().maxAttempts());
        assertThat(fixture.strings("SELECT id FROM dead_letter")).isEmpty();
        broken.set(false);
        await().untilAsserted(() -> assertThat(fixture.greeted()).endsWith("bob"));
    }

    @Test
    void new_messages_are_handled_between_due_parked_ones() {
        List<String> parked =
                IntStream.range(0, 30).mapToObj(i -> "parked-" + i).toList();
        parked.forEach(name -> fixture.hello(name, name));
        fixture.consume((tx, messages) -> {
            String name = messages.getFirst().message().name();
            if (messages.size() > 1 || (broken.get() && parked.contains(name))) {
                throw new IllegalStateException("not now");
            }
            return parked.contains(name)
                    ? tx.query("SELECT pg_sleep(0.2)")
                            .execute()
                            .compose(slept -> greeter().handle(tx, messages))
                    : greeter().handle(tx, messages);
        });
        await().untilAsserted(() -> assertThat(fixture.strings("SELECT count(*) FROM parked_message"))
                .containsExactly("30"));

        broken.set(false);
        await().until(() -> !fixture.greeted().isEmpty());
        fixture.hello("k", "ann");

        await().until(() -> fixture.greeted().contains("ann"));
        assertThat(fixture.greeted()).hasSizeLessThan(30);
    }

    @Test
    void due_parked_messages_are_handled_together_up_to_the_batch_size() {
        List<String> names = IntStream.range(0, 30).mapToObj(i -> "parked-" + i).toList();
        names.forEach(name -> fixture.hello(name, name));
        Set<String> parked = ConcurrentHashMap.newKeySet();
        AtomicInteger most = new AtomicInteger();
        fixture.consume(
                manyAttempts(10),
                (tx, messages) -> {
                    boolean parks = messages.size() == 1
                            ? parked.add(messages.getFirst().message().name())
                            : parked.size() < names.size();
                    if (parks) {
                        throw new IllegalStateException("not now");
                    }
                    most.accumulateAndGet(messages.size(), Math::max);
                    return greeter().handle(tx, messages);
                },
                topic -> true);

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactlyInAnyOrderElementsOf(names));
        assertThat(most.get()).isBetween(2, 10);
        assertThat(fixture.strings("SELECT topic FROM parked_message")).isEmpty();
        assertThat(fixture.strings("SELECT DISTINCT attempts > 1 FROM inbox")).containsExactly("true");
    }

    @Test
    void a_hanging_parked_message_does_not_block_others_that_are_due() {
        List<String> names = List.of("ann", "bob", "cid", "dan");
        names.forEach(name -> fixture.hello(name, name));
        fixture.consume(
                manyAttempts(),
                (tx, messages) -> {
                    if (broken.get()) {
                        throw new IllegalStateException("not now");
                    }
                    return messages.stream()
                                    .anyMatch(each -> each.message().name().equals("bob"))
                            ? Future.future(never -> {})
                            : greeter().handle(tx, messages);
                },
                topic -> true);
        await().untilAsserted(() -> assertThat(fixture.strings("SELECT count(*) FROM parked_message"))
                .containsExactly("4"));

        broken.set(false);

        // This may take two retries of five seconds, each followed by a pause of the same length.
        await().atMost(Duration.ofMinutes(1))
                .untilAsserted(() -> assertThat(fixture.greeted()).containsExactlyInAnyOrder("ann", "cid", "dan"));
        assertThat(fixture.strings("SELECT convert_from(record_key, 'UTF8') FROM parked_message"))
                .containsExactly("bob");
    }

    @Test
    void a_failed_future_with_only_a_message_counts_as_an_attempt() {
        fixture.hello("b", "bob");
        fixture.hello("b", "bea");

        fixture.consume((tx, messages) ->
                messages.stream().anyMatch(each -> each.message().name().equals("bob"))
                        ? Future.failedFuture("no greeting for bob")
                        : greeter().handle(tx, messages));

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("bea"));
        assertThat(fixture.strings("SELECT reason || ' ' || attempts FROM dead_letter"))
                .containsExactly("HANDLER_FAILED 3");
    }

    @Test
    void the_inbox_claim_of_a_dead_letter_is_released() {
        fixture.hello("b", "bob");
        fixture.consume(failsForBob);
        await().untilAsserted(() ->
                assertThat(fixture.strings("SELECT id FROM dead_letter")).hasSize(1));
        assertThat(fixture.strings("SELECT message_id FROM inbox")).isEmpty();
    }

    private ConsumerOptions manyAttempts() {
        return manyAttempts(fixture.options().maxBatch());
    }

    private ConsumerOptions manyAttempts(int maxBatch) {
        ConsumerOptions options = fixture.options();
        return new ConsumerOptions(
                options.group(),
                options.topics(),
                options.kafka(),
                maxBatch,
                new ConsumerOptions.Retries(1000, options.retries().backoff()),
                options.inboxRetention(),
                options.gaps());
    }
}
