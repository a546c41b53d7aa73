package dev.lockstep.messaging;

import static dev.lockstep.messaging.Fixture.greeter;
import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.messaging.consumer.MessageConsumer;
import dev.lockstep.messaging.delivery.ReceivedMessage;
import dev.lockstep.messaging.failure.UnprocessableMessageException;
import dev.lockstep.messaging.failure.UnprocessableMessagesException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
class MessageConsumerIT {
    @RegisterExtension
    final Fixture fixture = Fixture.withTopic(1);

    @Test
    void messages_are_applied_in_order_and_their_offsets_committed_afterwards() {
        List<String> names = IntStream.range(0, 250).mapToObj(i -> "n" + i).toList();
        names.forEach(name -> fixture.hello("k", name));

        MessageConsumer consumer = fixture.consume(greeter());

        await().untilAsserted(() -> assertThat(fixture.greeted()).isEqualTo(names));
        await().untilAsserted(() -> assertThat(fixture.committed()).isEqualTo(250));
        assertThat(consumer.problem()).isEmpty();
    }

    @Test
    void a_repeated_message_changes_nothing() {
        fixture.send("k", "Hello", "{\"name\":\"ann\"}", "one");
        fixture.send("k", "Hello", "{\"name\":\"ann\"}", "one");
        fixture.send("k", "Hello", "{\"name\":\"bob\"}", "two");
        fixture.consume(greeter());
        await().untilAsserted(() -> assertThat(fixture.committed()).isEqualTo(3));

        // The same holds if it is delivered again later, in another batch.
        fixture.send("k", "Hello", "{\"name\":\"ann\"}", "one");

        await().untilAsserted(() -> assertThat(fixture.committed()).isEqualTo(4));
        assertThat(fixture.greeted()).containsExactly("ann", "bob");
    }

    @Test
    void messages_applied_before_a_stop_are_not_applied_again_after_a_restart() {
        fixture.hello("k", "ann");
        MessageConsumer first = fixture.consume(greeter());
        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann"));

        await(first.stop());
        assertThat(fixture.committed()).isEqualTo(1);
        fixture.hello("k", "bob");
        fixture.consume(greeter());

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann", "bob"));
    }

    @Test
    void a_stop_does_not_wait_for_a_member_that_delays_the_rebalance() {
        AtomicBoolean handling = new AtomicBoolean();
        Promise<Void> slow = Promise.promise();
        fixture.hello("k", "ann");
        fixture.consume((tx, messages) -> {
            handling.set(true);
            return slow.future();
        });
        await().untilTrue(handling);
        // Kafka answers the request to join only when the first member joins again, after its batch.
        MessageConsumer joining = fixture.consume(greeter());
        await().until(() -> fixture.admin.describeConsumerGroups(List.of(fixture.group)).all().get().values().stream()
                .anyMatch(group -> group.groupState() == GroupState.PREPARING_REBALANCE));

        await(joining.stop().timeout(20, TimeUnit.SECONDS));

        assertThat(slow.future().isComplete()).isFalse();
        slow.complete();
    }

    @Test
    void a_topic_that_is_not_accepted_waits_in_kafka() {
        AtomicBoolean accepts = new AtomicBoolean();
        AtomicInteger asked = new AtomicInteger();
        fixture.hello("k", "ann");
        MessageConsumer consumer = fixture.consume(fixture.options(), greeter(), topic -> {
            asked.incrementAndGet();
            return accepts.get();
        });
        await().untilAsserted(() -> assertThat(consumer.problem()).isEmpty());
        // The consumer calls the predicate before each poll, so it polls several times with the partition assigned.
        int before = asked.get();
        await().untilAsserted(() -> assertThat(asked).hasValueGreaterThan(before + 4));
        assertThat(fixture.greeted()).isEmpty();

        accepts.set(true);

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann"));
    }

    @Test
    void the_consumer_recreates_its_kafka_client_after_any_failure() {
        AtomicInteger breaks = new AtomicInteger(2);
        fixture.hello("k", "ann");

        MessageConsumer consumer = fixture.consume(fixture.options(), greeter(), topic -> {
            if (breaks.getAndDecrement() > 0) {
                throw new IllegalStateException("unexpected failure");
            }
            return true;
        });

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann"));
        await().untilAsserted(() -> assertThat(consumer.problem()).isEmpty());
    }

    @Nested
    class when_a_record_can_never_be_handled {
        @Test
        void undecodable_records_become_dead_letters_and_the_others_are_applied() {
            fixture.hello("k", "ann");
            fixture.send("k", "Hello", "this is not JSON", "bad-1");
            fixture.send("k", "Shout", "{}", "bad-2");
            fixture.send("k", "Hello", "{\"name\":\" \"}", "bad-3");
            fixture.send(new ProducerRecord<>(fixture.topic, null, new byte[] {(byte) 0xff, 0}));
            fixture.hello("k", "bob");

            fixture.consume(greeter());

            await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann", "bob"));
            assertThat(fixture.strings("SELECT reason FROM dead_letter ORDER BY \"offset\""))
                    .containsExactly("NOT_JSON", "UNKNOWN_TYPE", "INVALID", "MISSING_TYPE");
            assertThat(fixture.strings("SELECT error FROM dead_letter WHERE reason = 'INVALID'"))
                    .containsExactly("the value is not a valid Hello: name must not be blank");
            assertThat(fixture.strings("SELECT topic || ' ' || coalesce(aggregateid, '-') FROM outbox ORDER BY id"))
                    .containsExactly(
                            fixture.topic + ".dlq k",
                            fixture.topic + ".dlq k",
                            fixture.topic + ".dlq k",
                            fixture.topic + ".dlq -");
            assertThat(fixture.strings("SELECT encode(payload, 'hex') FROM outbox WHERE aggregateid IS NULL"))
                    .containsExactly("ff00");
        }

        @Test
        void messages_named_by_the_handler_become_dead_letters_without_bisection() {
            List<String> names = IntStream.range(0, 20).mapToObj(i -> "n" + i).toList();
            names.forEach(name -> fixture.hello("k", name));
            Set<Integer> sizes = ConcurrentHashMap.newKeySet();

            fixture.consume((tx, messages) -> {
                sizes.add(messages.size());
                UnprocessableMessagesException.forEach(messages, ReceivedMessage::messageId, each -> {
                    if (each.message().name().endsWith("3")) {
                        throw new UnprocessableMessageException(
                                "UNWELCOME", each.message().name());
                    }
                });
                return greeter().handle(tx, messages);
            });

            await().untilAsserted(() -> assertThat(fixture.greeted())
                    .isEqualTo(
                            names.stream().filter(name -> !name.endsWith("3")).toList()));
            assertThat(fixture.strings("SELECT reason || ' ' || error FROM dead_letter ORDER BY \"offset\""))
                    .containsExactly("UNWELCOME n3", "UNWELCOME n13");
            assertThat(sizes).doesNotContain(1);
        }

        @Test
        void a_message_the_handler_refuses_becomes_a_dead_letter_at_once() {
            fixture.hello("k", "ann");
            fixture.hello("k", "bob");
            fixture.hello("k", "cid");

            fixture.consume((tx, messages) ->
                    messages.stream().anyMatch(each -> each.message().name().equals("bob"))
                            ? Future.failedFuture(new UnprocessableMessageException("UNWELCOME", "bob is not welcome"))
                            : greeter().handle(tx, messages));

            await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann", "cid"));
            assertThat(fixture.strings("SELECT reason || ' ' || error || ' ' || attempts FROM dead_letter"))
                    .containsExactly("UNWELCOME bob is not welcome 1");
        }

        @Test
        void a_record_with_u0000_in_any_part_becomes_a_dead_letter_and_blocks_nothing() {
            ProducerRecord<byte[], byte[]> withU0000 =
                    new ProducerRecord<>(fixture.topic, new byte[] {'k', 0}, new byte[] {0});
            withU0000.headers().add("odd\0name", new byte[] {'v', 0}).add("ce_type", new byte[] {'H', 0});
            fixture.send(withU0000);
            ProducerRecord<byte[], byte[]> refused = new ProducerRecord<>(
                    fixture.topic,
                    "r".getBytes(StandardCharsets.UTF_8),
                    "{\"name\":\"rob\"}".getBytes(StandardCharsets.UTF_8));
            refused.headers().add("odd\0name", null).add("ce_type", "Hello".getBytes(StandardCharsets.UTF_8));
            fixture.send(refused);
            fixture.hello("k", "bob");

            fixture.consume((tx, messages) ->
                    messages.stream().anyMatch(each -> each.message().name().equals("rob"))
                            ? Future.failedFuture(new UnprocessableMessageException("UN\0WELCOME", "rob\0"))
                            : greeter().handle(tx, messages));

            await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("bob"));
            assertThat(fixture.strings(
                            "SELECT reason || ' ' || (record_headers -> 0 ->> 0) FROM dead_letter ORDER BY \"offset\""))
                    .containsExactly("UNKNOWN_TYPE odd\\0name", "UN\\0WELCOME odd\\0name");
        }

        @Test
        void a_record_with_key_and_type_too_long_for_an_index_becomes_a_dead_letter() {
            fixture.send(Fixture.TOO_LONG_FOR_AN_INDEX, Fixture.TOO_LONG_FOR_AN_INDEX, "{}", "bad-1");
            fixture.hello("k", "bob");

            fixture.consume(greeter());

            await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("bob"));
            assertThat(fixture.strings("SELECT reason || ' ' || octet_length(record_key) FROM dead_letter"))
                    .containsExactly("UNKNOWN_TYPE " + Fixture.TOO_LONG_FOR_AN_INDEX.length());
            assertThat(fixture.strings("SELECT headers @> '[[\"dlq_key\"]]' FROM outbox"))
                    .containsExactly("true");
        }

        @Test
        void a_redelivered_bad_record_makes_no_second_dead_letter() {
            fixture.send("k", "Hello", "nonsense", "bad");
            MessageConsumer first = fixture.consume(greeter());
            await().untilAsserted(() -> assertThat(fixture.committed()).isEqualTo(1));
            await(first.stop());

            fixture.deleteCommittedOffsets();
            fixture.consume(greeter());

            await().untilAsserted(() -> assertThat(fixture.committed()).isEqualTo(1));
            assertThat(fixture.strings("SELECT id FROM dead_letter")).hasSize(1);
            assertThat(fixture.strings("SELECT id FROM outbox")).hasSize(1);
        }
    }

    @Test
    void a_dropped_database_connection_loses_no_message() {
        AtomicInteger drops = new AtomicInteger(2);
        fixture.hello("a", "ann");
        fixture.hello("b", "bob");

        fixture.consume((tx, messages) -> drops.getAndDecrement() > 0
                ? tx.query("SELECT pg_terminate_backend(pg_backend_pid())")
                        .execute()
                        .mapEmpty()
                : greeter().handle(tx, messages));

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann", "bob"));
        assertThat(fixture.strings("SELECT id FROM dead_letter")).isEmpty();
        assertThat(fixture.strings("SELECT topic FROM parked_message")).isEmpty();
    }

    @Test
    void every_message_is_applied_once_and_in_key_order_across_rebalances() {
        try (Fixture several = Fixture.withTopic(6)) {
            List<String> names = IntStream.range(0, 600).mapToObj(i -> "n" + i).toList();
            MessageConsumer first = several.consume(greeter());
            for (int i = 0; i < 600; i++) {
                several.hello("k" + i % 17, names.get(i));
                if (i == 200) {
                    several.consume(greeter());
                }
                if (i == 400) {
                    await(first.stop());
                }
            }

            await().untilAsserted(() ->
                    assertThat(several.greeted()).hasSize(600).containsExactlyInAnyOrderElementsOf(names));
            for (int key = 0; key < 17; key++) {
                int of = key;
                assertThat(several.strings("SELECT name FROM greeted WHERE key = 'k" + key + "' ORDER BY id"))
                        .isEqualTo(IntStream.range(0, 600)
                                .filter(i -> i % 17 == of)
                                .mapToObj(names::get)
                                .toList());
            }
        }
    }
}
