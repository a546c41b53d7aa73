package dev.lockstep.messaging;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.messaging.Fixture.Greeting;
import dev.lockstep.messaging.deadletter.DeadLetterRoutes;
import dev.lockstep.messaging.deadletter.ReplayJobs;
import dev.lockstep.messaging.delivery.ConsumerOptions;
import dev.lockstep.messaging.delivery.DeliveryRoutes;
import dev.lockstep.messaging.delivery.ReceivedMessage;
import dev.lockstep.messaging.failure.UnprocessableMessageException;
import dev.lockstep.messaging.http.RouteAccess;
import dev.lockstep.messaging.operator.OperatorActionRoutes;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A replay redelivers a dead letter to its own consumer group, and to no other. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class RedeliveryIT {
    private static final String ALL = "{\"all\":true,\"ratePerSecond\":10000}";

    @RegisterExtension
    final Fixture fixture = Fixture.withTopic(1);

    private final Set<String> broken = ConcurrentHashMap.newKeySet();
    private final Set<String> unprocessable = ConcurrentHashMap.newKeySet();
    private final ReplayJobs replays = new ReplayJobs(fixture.vertx, fixture.pool, Duration.ofDays(7), fixture.meters);
    private TestApi api;

    @BeforeEach
    void open() {
        api = new TestApi(fixture, router -> {
            DeadLetterRoutes.mount(router, RouteAccess.OPEN, fixture.pool, fixture.reads, replays);
            DeliveryRoutes.mount(router, RouteAccess.OPEN, fixture.reads);
            OperatorActionRoutes.mount(router, RouteAccess.OPEN, fixture.reads);
        });
    }

    @AfterEach
    void close() {
        replays.stop();
        api.close();
    }

    @Test
    void a_replay_reaches_only_the_group_of_the_dead_letter() throws Exception {
        try (Fixture other = new Fixture()) {
            broken.add("bob");
            fixture.consume(options(1), this::greet, topic -> true);
            other.consume(
                    new ConsumerOptions(
                            other.group,
                            List.of(fixture.topic),
                            fixture.options().kafka(),
                            100,
                            new ConsumerOptions.Retries(
                                    1, fixture.options().retries().backoff()),
                            Duration.ofDays(7),
                            fixture.options().gaps()),
                    (tx, messages) -> {
                        throw new IllegalStateException("no greeting");
                    },
                    topic -> true);
            fixture.hello("b", "bob");
            await().untilAsserted(() -> assertThat(deadLetterStates(fixture)).hasSize(1));
            await().untilAsserted(() -> assertThat(deadLetterStates(other)).hasSize(1));
            long records = end();

            for (int i = 1; i <= 5; i++) {
                replayed(api.post("/dead-letters/" + newest() + "/replay", ""));
                int expected = i + 1;
                await().untilAsserted(
                                () -> assertThat(deadLetterStates(fixture)).hasSize(expected));
            }
            broken.clear();
            replayed(api.post("/dead-letters/" + newest() + "/replay", ""));

            await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("bob"));
            assertThat(end()).isEqualTo(records);
            assertThat(deadLetterStates(other)).containsExactly("open 1");
            assertThat(fixture.strings("SELECT count(*) FROM dead_letter WHERE state = 'open'"))
                    .containsExactly("0");
            assertThat(fixture.strings("SELECT id FROM outbox WHERE topic = '" + fixture.topic + "'"))
                    .isEmpty();
        }
    }

    @Test
    void a_message_that_fails_again_is_a_new_dead_letter_linked_to_the_old_one() {
        broken.add("bob");
        fixture.consume(options(2), this::greet, topic -> true);
        fixture.hello("b", "bob");
        await().untilAsserted(() -> assertThat(deadLetterStates(fixture)).hasSize(1));
        String first = newest();

        JsonObject job = ended(api.json(api.post("/dead-letters/replay", ALL)));
        await().untilAsserted(() -> assertThat(deadLetterStates(fixture)).hasSize(2));

        JsonObject second = api.json(api.get("/dead-letters/" + newest()));
        assertThat(second.getString("redeliveryOf")).isEqualTo(first);
        assertThat(second.getString("returnedFrom")).isEqualTo(job.getString("id"));
        assertThat(second.getInteger("attempts")).isEqualTo(2);
        assertThat(second.getLong("offset")).isZero();
        assertThat(second.getString("fingerprint"))
                .isEqualTo(api.json(api.get("/dead-letters/" + first)).getString("fingerprint"));
        assertThat(api.json(api.get("/dead-letters/" + first)).getString("state"))
                .isEqualTo("replayed");
        assertThat(fixture.strings("SELECT count(*) FROM outbox WHERE topic = '" + fixture.topic + ".dlq'"))
                .containsExactly("2");
        assertThat(fixture.strings("SELECT count(*) FROM inbox")).containsExactly("0");
        assertThat(api.rows(api.get("/parked-messages"))).isEmpty();
    }

    @Test
    void redelivered_messages_of_a_key_are_handled_in_order_before_parked_and_new_ones() {
        unprocessable.addAll(List.of("bob", "bea"));
        fixture.consume(options(1000), this::greet, topic -> true);
        fixture.hello("b", "bob");
        fixture.hello("b", "bea");
        fixture.hello("b", "ben");
        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ben"));
        // Another message is parked, and its next attempt is due only after this test.
        await(fixture.pool.query("""
                        WITH claimed AS (
                            INSERT INTO inbox (message_id, consumer) VALUES (uuidv7(), '%1$s') RETURNING message_id)
                        INSERT INTO parked_message (consumer, topic, partition, "offset", message_id, record_key, record_value,
                                                    record_headers, record_time, attempts, next_attempt_at)
                        SELECT '%1$s', '%2$s', 0, 1000000, message_id, 'b', '{"name":"late"}',
                               jsonb_build_array(jsonb_build_array('ce_type', encode('Hello', 'base64'))), now(), 1,
                               now() + interval '1 hour'
                          FROM claimed
                        """.formatted(fixture.group, fixture.topic)).execute());
        unprocessable.clear();
        broken.add("bob");

        ended(api.json(api.post("/dead-letters/replay", "{\"key\":\"b\",\"ratePerSecond\":10000}")));
        fixture.hello("b", "bud");
        await().untilAsserted(
                        () -> assertThat(fixture.strings("SELECT count(*) FROM parked_message WHERE \"offset\" = 3"))
                                .containsExactly("1"));
        broken.clear();

        await().untilAsserted(() -> assertThat(fixture.greeted()).startsWith("ben", "bob", "bea", "bud"));
        assertThat(fixture.strings("SELECT \"offset\" FROM parked_message")).containsExactly("1000000");
    }

    @Test
    void a_dead_letter_whose_message_was_handled_meanwhile_is_settled_without_redelivery() {
        broken.add("bob");
        fixture.consume(options(1), this::greet, topic -> true);
        String id = fixture.uuidv7().toString();
        fixture.send("b", "Hello", "{\"name\":\"bob\"}", id);
        await().untilAsserted(() -> assertThat(deadLetterStates(fixture)).hasSize(1));
        broken.clear();
        fixture.send("b", "Hello", "{\"name\":\"bob\"}", id);
        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("bob"));

        replayed(api.post("/dead-letters/" + newest() + "/replay", ""));
        fixture.hello("b", "end");

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("bob", "end"));
        assertThat(fixture.strings("SELECT count(*) FROM parked_message")).containsExactly("0");
    }

    @Test
    void two_dead_letters_of_one_message_are_redelivered_once() {
        broken.add("bob");
        fixture.consume(options(1), this::greet, topic -> true);
        String id = fixture.uuidv7().toString();
        fixture.send("b", "Hello", "{\"name\":\"bob\"}", id);
        fixture.send("b", "Hello", "{\"name\":\"bob\"}", id);
        await().untilAsserted(() -> assertThat(deadLetterStates(fixture)).hasSize(2));
        broken.clear();

        ended(api.json(api.post("/dead-letters/replay", ALL)));
        fixture.hello("b", "end");

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("bob", "end"));
        assertThat(deadLetterStates(fixture)).containsExactly("replayed 1", "replayed 1");
    }

    @Test
    void an_undecodable_record_becomes_a_dead_letter_again_and_blocks_nothing() {
        fixture.consume(options(3), this::greet, topic -> true);
        fixture.send("b", "Hello", "nonsense", "bad");
        await().untilAsserted(() -> assertThat(deadLetterStates(fixture)).hasSize(1));

        replayed(api.post("/dead-letters/" + newest() + "/replay", ""));
        fixture.hello("b", "end");

        await().untilAsserted(() -> assertThat(deadLetterStates(fixture)).containsExactly("replayed 1", "open 1"));
        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("end"));
    }

    @Test
    void keys_that_are_not_text_or_are_missing_and_records_without_an_id_are_redelivered_as_they_were() {
        broken.add("bob");
        fixture.consume(options(1), this::greet, topic -> true);
        for (byte[] key : new byte[][] {{(byte) 0xff}, null}) {
            ProducerRecord<byte[], byte[]> record =
                    new ProducerRecord<>(fixture.topic, key, "{\"name\":\"bob\"}".getBytes(StandardCharsets.UTF_8));
            record.headers().add("ce_type", "Hello".getBytes(StandardCharsets.UTF_8));
            fixture.send(record);
        }
        await().untilAsserted(() -> assertThat(deadLetterStates(fixture)).hasSize(2));

        ended(api.json(api.post("/dead-letters/replay", ALL)));
        await().untilAsserted(() -> assertThat(deadLetterStates(fixture)).hasSize(4));
        assertThat(fixture.strings("SELECT count(DISTINCT message_id) FROM dead_letter"))
                .containsExactly("2");
        broken.clear();
        JsonObject job = ended(api.json(api.post("/dead-letters/replay", ALL)));

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("bob", "bob"));
        assertThat(job.getLong("keyNotText")).isZero();
        assertThat(fixture.strings("SELECT count(*) FROM dead_letter WHERE state = 'open'"))
                .containsExactly("0");
    }

    @Test
    void a_job_stops_when_redelivered_messages_fail_again() {
        broken.add("bob");
        fixture.consume(options(1), this::greet, topic -> true);
        for (int i = 0; i < 40; i++) {
            fixture.hello("b" + i, "bob");
        }
        await().untilAsserted(() -> assertThat(deadLetterStates(fixture)).hasSize(40));

        JsonObject job = ended(
                api.json(api.post("/dead-letters/replay", "{\"all\":true,\"ratePerSecond\":10,\"maxFailures\":2}")));

        assertThat(job.getString("state")).isEqualTo("stopped");
        assertThat(job.getLong("returned")).isGreaterThanOrEqualTo(2);
        assertThat(job.getLong("replayed")).isLessThan(40);
    }

    private io.vertx.core.Future<Void> greet(
            io.vertx.sqlclient.SqlConnection tx, List<ReceivedMessage<Greeting>> messages) {
        for (ReceivedMessage<Greeting> each : messages) {
            if (unprocessable.contains(each.message().name())) {
                throw new UnprocessableMessageException(
                        "HOPELESS", each.message().name());
            }
            if (broken.contains(each.message().name())) {
                throw new IllegalStateException(
                        "no greeting for " + each.message().name());
            }
        }
        return Fixture.greeter().handle(tx, messages);
    }

    private ConsumerOptions options(int maxAttempts) {
        ConsumerOptions options = fixture.options();
        return new ConsumerOptions(
                options.group(),
                options.topics(),
                options.kafka(),
                options.maxBatch(),
                new ConsumerOptions.Retries(maxAttempts, options.retries().backoff()),
                options.inboxRetention(),
                options.gaps());
    }

    private static List<String> deadLetterStates(Fixture of) {
        return of.strings("SELECT state || ' ' || attempts FROM dead_letter ORDER BY id");
    }

    private String newest() {
        return fixture.strings("SELECT id FROM dead_letter ORDER BY id DESC LIMIT 1")
                .getFirst();
    }

    private void replayed(java.net.http.HttpResponse<String> answer) {
        assertThat(api.json(answer).getString("state")).isEqualTo("replayed");
    }

    private long end() throws Exception {
        org.apache.kafka.common.TopicPartition partition = new org.apache.kafka.common.TopicPartition(fixture.topic, 0);
        return fixture.admin
                .listOffsets(java.util.Map.of(partition, org.apache.kafka.clients.admin.OffsetSpec.latest()))
                .partitionResult(partition)
                .get()
                .offset();
    }

    private JsonObject ended(JsonObject job) {
        String path = "/dead-letters/replays/" + job.getString("id");
        return await().atMost(Duration.ofSeconds(20))
                .until(
                        () -> api.json(api.get(path)),
                        now -> !now.getString("state").equals("running"));
    }
}
