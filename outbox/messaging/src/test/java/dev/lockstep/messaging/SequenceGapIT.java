package dev.lockstep.messaging;

import static dev.lockstep.messaging.Fixture.greeter;
import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.uuid.Generators;
import dev.lockstep.messaging.Fixture.Greeting;
import dev.lockstep.messaging.delivery.ConsumerOptions;
import dev.lockstep.messaging.delivery.MessageHandler;
import dev.lockstep.messaging.delivery.ReceivedMessage;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.messaging.outbox.OutboxMessage;
import dev.lockstep.messaging.outbox.ResendRequested;
import dev.lockstep.messaging.resend.ResendRequestHandler;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Messages of one key that name the previous message: ann, bob, cid, dan. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class SequenceGapIT {
    private static final String PARKED = "SELECT count(*) FROM parked_message";
    private static final String EVENTS = "SELECT event FROM delivery_incident ORDER BY id";

    @RegisterExtension
    final Fixture fixture = Fixture.withTopic(1);

    private final UUID ann = Generators.timeBasedEpochGenerator().generate();
    private final UUID bob = Generators.timeBasedEpochGenerator().generate();
    private final UUID cid = Generators.timeBasedEpochGenerator().generate();
    private final UUID dan = Generators.timeBasedEpochGenerator().generate();

    @Test
    void messages_in_sequence_are_applied_without_delivery_events() {
        send("ann", ann, null);
        send("bob", bob, ann);
        fixture.consume(greeter());
        await().untilAsserted(() -> assertThat(fixture.committed()).isEqualTo(2));
        send("cid", cid, bob);

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann", "bob", "cid"));
        assertThat(fixture.strings(EVENTS)).isEmpty();
        assertThat(fixture.strings(PARKED)).containsExactly("0");
    }

    @Test
    void a_message_without_its_predecessor_waits_and_other_keys_continue() {
        fixture.consume(greeter());
        send("ann", ann, null);
        send("cid", cid, bob);
        send("dan", dan, cid);
        fixture.hello("other", "eve");
        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann", "eve"));
        assertThat(fixture.strings("SELECT error FROM parked_message WHERE waits_for = '" + bob + "'"))
                .containsExactly("SEQUENCE_GAP: the previous message, " + bob + ", has not arrived");
        assertThat(gaps()).isEqualTo(1);

        send("bob", bob, ann);

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann", "eve", "bob", "cid", "dan"));
        assertThat(fixture.strings("SELECT attempts FROM inbox WHERE message_id = '" + cid + "'"))
                .containsExactly("1");
        assertThat(gaps()).isEqualTo(1);
        assertThat(fixture.strings(PARKED)).containsExactly("0");
    }

    @Test
    void messages_that_arrive_out_of_order_are_handled_in_sequence() {
        send("dan", dan, cid);
        send("cid", cid, bob);
        send("bob", bob, ann);
        send("ann", ann, null);

        fixture.consume(greeter());

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann", "bob", "cid", "dan"));
    }

    @Test
    void the_missing_message_is_requested_after_a_delay_and_requested_again() {
        fixture.consume(greeter());
        send("ann", ann, null);
        send("cid", cid, bob);

        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(requests()).hasSizeGreaterThanOrEqualTo(2));
        assertThat(requests().getFirst())
                .isEqualTo(new JsonObject()
                        .put("source", "/tests")
                        .put("topic", fixture.topic)
                        .put("key", "k")
                        .put("messageId", bob.toString()));
        assertThat(fixture.strings(EVENTS).subList(0, 2)).containsExactly("GAP_SEEN", "RESEND_REQUESTED");
        assertThat(fixture.strings("SELECT attempts FROM parked_message")).containsExactly("0");
    }

    @Test
    void a_message_whose_predecessor_never_arrives_becomes_a_dead_letter_and_can_be_replayed() {
        fixture.consume(shortGapTimeout(), greeter(), topic -> true);
        send("ann", ann, null);
        send("cid", cid, bob);
        send("dan", dan, cid);
        await().until(() -> !requests().isEmpty());
        relay();

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann", "dan"));
        assertThat(fixture.strings("SELECT reason || ' ' || message_id FROM dead_letter"))
                .containsExactly("SEQUENCE_GAP " + cid);

        // As the relay sends the row that a replay appends to the outbox: unchanged.
        send("cid", cid, bob);

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann", "dan", "cid"));
        assertThat(fixture.strings(PARKED)).containsExactly("0");
    }

    @Test
    void the_wait_continues_until_kafka_has_accepted_the_resend_request() {
        fixture.consume(shortGapTimeout(), greeter(), topic -> true);
        send("ann", ann, null);
        send("cid", cid, bob);

        await().atMost(Duration.ofSeconds(30)).until(() -> requests().size() >= 4);
        assertThat(fixture.strings("SELECT id FROM dead_letter")).isEmpty();
        relay();

        await().untilAsserted(() ->
                assertThat(fixture.strings("SELECT reason FROM dead_letter")).containsExactly("SEQUENCE_GAP"));
    }

    @Test
    void a_message_that_names_itself_as_predecessor_is_retried_normally() {
        AtomicBoolean broken = new AtomicBoolean(true);
        send("ann", ann, ann);
        fixture.consume(
                manyAttempts(),
                (tx, messages) -> broken.getAndSet(false)
                        ? Future.failedFuture(new IllegalStateException("not now"))
                        : greeter().handle(tx, messages),
                topic -> true);

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann"));
    }

    @Test
    void a_sequence_loop_makes_one_dead_letter_and_the_other_message_is_applied() {
        send("ann", ann, bob);
        send("bob", bob, ann);
        send("cid", cid, bob);

        fixture.consume(greeter());

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("bob", "cid"));
        assertThat(fixture.strings("SELECT reason || ' ' || message_id FROM dead_letter"))
                .containsExactly("SEQUENCE_LOOP " + ann);
    }

    @Test
    void the_successor_of_a_dead_letter_is_applied() {
        fixture.consume(greeter());
        send("ann", ann, null);
        send(" ", bob, ann);
        send("cid", cid, bob);

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann", "cid"));
        assertThat(fixture.strings("SELECT message_id FROM dead_letter")).containsExactly(bob.toString());
        assertThat(gaps()).isZero();
    }

    @Test
    void a_waiting_message_is_queued_behind_a_predecessor_that_fails() {
        AtomicBoolean broken = new AtomicBoolean(true);
        fixture.consume(
                manyAttempts(),
                (tx, messages) -> broken.get()
                                && messages.stream()
                                        .anyMatch(each -> each.message().name().equals("bob"))
                        ? Future.failedFuture(new IllegalStateException("bob is not in"))
                        : greeter().handle(tx, messages),
                topic -> true);
        send("ann", ann, null);
        send("cid", cid, bob);
        send("bob", bob, ann);
        await().untilAsserted(() -> assertThat(fixture.strings(EVENTS)).contains("FAILED_AGAIN"));
        assertThat(fixture.greeted()).containsExactly("ann");

        broken.set(false);

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann", "bob", "cid"));
        assertThat(fixture.strings("SELECT attempts > 1 FROM inbox WHERE message_id = '" + bob + "'"))
                .containsExactly("true");
    }

    @Test
    void a_new_group_does_not_wait_for_messages_before_its_start_offset() {
        send("ann", ann, null);
        send("bob", bob, ann);
        MessageHandler<Greeting> greeter = greeter();
        fixture.consume(
                options(Map.of("auto.offset.reset", "latest"), 3, Duration.ofSeconds(20)), greeter, topic -> true);
        await().untilAsserted(() -> {
            // The group reads only messages that are sent after it has determined its start offset.
            fixture.hello("probe", "probe");
            assertThat(fixture.greeted()).contains("probe");
        });

        send("cid", cid, bob);
        send("dan", dan, cid);

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsSubsequence("cid", "dan"));
        assertThat(gaps()).isZero();

        // Gaps after the start offset are detected.
        UUID missing = Generators.timeBasedEpochGenerator().generate();
        send("eve", Generators.timeBasedEpochGenerator().generate(), missing);
        await().untilAsserted(() -> assertThat(gaps()).isEqualTo(1));
    }

    @Test
    void predecessors_past_retention_or_with_a_foreign_id_are_not_waited_for() {
        UUID old = new UUID(Instant.now().minus(Duration.ofDays(9)).toEpochMilli() << 16 | 0x7000, Long.MIN_VALUE);
        fixture.consume(greeter());
        send("ann", ann, old);
        ProducerRecord<byte[], byte[]> withForeignId = record("bob", bob, null);
        withForeignId.headers().add("ce_previousid", "42".getBytes(StandardCharsets.UTF_8));
        fixture.send(withForeignId);

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann", "bob"));
    }

    @Test
    void the_sender_resends_requested_messages_under_the_same_id() {
        await(fixture.pool.withTransaction(tx -> new Outbox()
                .append(
                        tx,
                        List.of(
                                OutboxMessage.of("greeting", "k", fixture.topic, new Fixture.Hello("ann"), null),
                                OutboxMessage.of("greeting", "k", fixture.topic, new Fixture.Hello("bob"), null)))));
        String sent =
                fixture.strings("SELECT id FROM outbox WHERE sequence = 2").getFirst();
        ResendRequested ours = new ResendRequested("/tests", fixture.topic, "k", UUID.fromString(sent));
        ResendRequested others = new ResendRequested("/others", fixture.topic, "k", UUID.fromString(sent));
        ResendRequested gone = new ResendRequested("/tests", fixture.topic, "k", ann);

        await(fixture.pool.withTransaction(tx -> new ResendRequestHandler("/tests")
                .handle(tx, List.of(received(ours), received(others), received(ours), received(gone)))));

        assertThat(fixture.strings(
                        "SELECT resend_of || ' ' || aggregateid || ' ' || sequence || ' ' || convert_from(payload, 'UTF8')"
                                + " FROM outbox WHERE resend_of IS NOT NULL"))
                .containsExactly(sent + " k 2 {\"name\":\"bob\"}");
    }

    private static ReceivedMessage<ResendRequested> received(ResendRequested message) {
        return new ReceivedMessage<>(message, UUID.randomUUID(), ResendRequested.TOPIC, 0, 0, "k", null);
    }

    private void send(String name, UUID id, @Nullable UUID previous) {
        fixture.send(record(name, id, previous));
    }

    private ProducerRecord<byte[], byte[]> record(String name, UUID id, @Nullable UUID previous) {
        ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(
                fixture.topic,
                "k".getBytes(StandardCharsets.UTF_8),
                ("{\"name\":\"" + name + "\"}").getBytes(StandardCharsets.UTF_8));
        record.headers()
                .add("ce_type", "Hello".getBytes(StandardCharsets.UTF_8))
                .add("ce_source", "/tests".getBytes(StandardCharsets.UTF_8))
                .add("ce_id", id.toString().getBytes(StandardCharsets.UTF_8));
        if (previous != null) {
            record.headers().add("ce_previousid", previous.toString().getBytes(StandardCharsets.UTF_8));
        }
        return record;
    }

    private List<JsonObject> requests() {
        return fixture
                .strings(
                        "SELECT convert_from(payload, 'UTF8') FROM outbox WHERE topic = 'lockstep.resend-requests' ORDER BY id")
                .stream()
                .map(JsonObject::new)
                .toList();
    }

    // Sets the watermark as the relay does once Kafka has acknowledged all rows.
    private void relay() {
        fixture.strings("UPDATE outbox_watermark SET snapshot = pg_current_snapshot() RETURNING beat");
    }

    private double gaps() {
        return fixture.meters.find("lockstep.consumer.gaps").counters().stream()
                .mapToDouble(counter -> counter.count())
                .sum();
    }

    private ConsumerOptions shortGapTimeout() {
        return options(Map.of(), 3, Duration.ofSeconds(2));
    }

    private ConsumerOptions manyAttempts() {
        return options(Map.of(), 1000, Duration.ofSeconds(20));
    }

    private ConsumerOptions options(Map<String, String> kafka, int maxAttempts, Duration gapGiveUpAfter) {
        ConsumerOptions options = fixture.options();
        Map<String, String> all = new HashMap<>(options.kafka());
        all.putAll(kafka);
        return new ConsumerOptions(
                options.group(),
                options.topics(),
                all,
                options.maxBatch(),
                new ConsumerOptions.Retries(maxAttempts, options.retries().backoff()),
                options.inboxRetention(),
                new ConsumerOptions.Gaps(options.gaps().resendAfter(), gapGiveUpAfter));
    }
}
