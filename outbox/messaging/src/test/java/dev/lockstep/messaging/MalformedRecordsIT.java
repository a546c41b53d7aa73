package dev.lockstep.messaging;

import static dev.lockstep.messaging.Fixture.greeter;
import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.messaging.Fixture.Greeting;
import dev.lockstep.messaging.consumer.MessageConsumer;
import dev.lockstep.messaging.deadletter.DeadLetterRoutes;
import dev.lockstep.messaging.deadletter.ReplayJobs;
import dev.lockstep.messaging.delivery.DecodedRecord;
import dev.lockstep.messaging.delivery.DeliveryRoutes;
import dev.lockstep.messaging.delivery.MessageCodec;
import dev.lockstep.messaging.delivery.ParkRequest;
import dev.lockstep.messaging.delivery.ParkedMessageStore;
import dev.lockstep.messaging.delivery.ReceivedMessage;
import dev.lockstep.messaging.http.RouteAccess;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.messaging.outbox.OutboxMessage;
import dev.lockstep.messaging.outbox.OutboxRoutes;
import dev.lockstep.messaging.outbox.ResendRequested;
import dev.lockstep.messaging.resend.ResendRequestHandler;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Records that were written by hand, by another program or by an attacker. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class MalformedRecordsIT {
    private static final String TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    @RegisterExtension
    final Fixture fixture = Fixture.withTopic(1);

    private final TestApi api = new TestApi(fixture, router -> {
        OutboxRoutes.mount(router, RouteAccess.OPEN, fixture.reads);
        DeadLetterRoutes.mount(
                router,
                RouteAccess.OPEN,
                fixture.pool,
                fixture.reads,
                new ReplayJobs(fixture.vertx, fixture.pool, Duration.ofDays(7), fixture.meters));
        DeliveryRoutes.mount(router, RouteAccess.OPEN, fixture.reads);
    });

    @AfterEach
    void close() {
        api.close();
    }

    @Test
    void an_invalid_member_makes_a_dead_letter_at_once_and_blocks_no_key() {
        fixture.hello("k", "ann");
        fixture.send("k", "Hello", "{\"name\":\"a\\u0000b\"}", "bad-1");
        fixture.send("k", "Hello", "{\"name\":\"a\\ud800\"}", "bad-2");
        fixture.send("k", "Hello", "{\"name\":7}", "bad-3");
        fixture.send("k", "Hello", "{\"name\":\"a\",\"name\":\"b\"}", "bad-4");
        fixture.send("k", "Hello", "{\"name\":\"\"}", "bad-5");
        fixture.send("k", "Hello", "{\"later\":" + "[".repeat(1_000) + "]".repeat(1_000) + "}", "bad-6");
        fixture.hello("k", "bob");
        fixture.hello("other", "cid");

        fixture.consume(greeter());

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann", "bob", "cid"));
        assertThat(fixture.strings("SELECT reason || ' ' || attempts FROM dead_letter"))
                .isEqualTo(Collections.nCopies(6, "INVALID 1"));
        assertThat(
                        fixture.strings(
                                "SELECT replace(error, 'the value is not a valid Hello: ', '') FROM dead_letter ORDER BY \"offset\""))
                .startsWith(
                        "name must not contain U+0000 or half of a surrogate pair",
                        "name must not contain U+0000 or half of a surrogate pair",
                        "name must be text",
                        "name is present twice",
                        "name must not be blank");
        assertThat(fixture.strings("SELECT message_id FROM parked_message")).isEmpty();
    }

    @Test
    void a_request_for_a_resend_without_its_members_is_a_dead_letter_at_once() {
        ResendRequestHandler responder = new ResendRequestHandler("/tests");
        MessageConsumer consumer = MessageConsumer.create(
                fixture.vertx,
                fixture.pool,
                fixture.options(),
                MessageCodec.of(ResendRequested.class),
                responder,
                topic -> true,
                fixture.meters);
        fixture.send("k", "ResendRequested", "{}", "bad");
        fixture.send(
                "k",
                "ResendRequested",
                "{\"source\":\"/tests\",\"topic\":\"t\",\"messageId\":\"" + fixture.uuidv7() + "\"}",
                "good");

        await(consumer.start());

        await().untilAsserted(() -> assertThat(fixture.committed()).isEqualTo(2));
        await(consumer.stop());
        assertThat(fixture.strings("SELECT reason || ' ' || attempts || ' ' || error FROM dead_letter"))
                .containsExactly("INVALID 1 the value is not a valid ResendRequested: source is required");
    }

    @Test
    void a_trace_context_that_is_not_valid_is_dropped_and_its_message_is_handled() {
        List<String> given = List.of(
                TRACE,
                "x\r\nX: y",
                TRACE + "\0",
                "00-" + "0".repeat(32) + "-00f067aa0ba902b7-01",
                "x".repeat(5_000),
                "");
        given.forEach(this::helloWithTrace);
        ConcurrentLinkedQueue<Optional<String>> received = new ConcurrentLinkedQueue<>();

        fixture.consume((tx, messages) -> {
            messages.forEach(each -> received.add(Optional.ofNullable(each.traceparent())));
            List<OutboxMessage> passedOn = Stream.concat(
                            messages.stream().map(ReceivedMessage::traceparent), given.stream())
                    .map(trace -> OutboxMessage.of("a", "k", "elsewhere", Map.of("a", 1), trace))
                    .toList();
            return new Outbox().append(tx, passedOn).compose(done -> greeter().handle(tx, messages));
        });

        await().untilAsserted(() -> assertThat(fixture.greeted()).hasSize(given.size()));
        assertThat(received).filteredOn(Optional::isPresent).containsExactly(Optional.of(TRACE));
        assertThat(fixture.strings("SELECT DISTINCT coalesce(traceparent, '-') FROM outbox ORDER BY 1"))
                .containsExactly("-", TRACE);
        assertThat(fixture.strings("SELECT id FROM dead_letter")).isEmpty();
    }

    @Test
    void odd_headers_and_keys_do_not_block_other_records() {
        for (String unusual : List.of("", " ", "\0", "a\nb", "\u001b[2J", "x".repeat(100_000), "\u202e", "-1", "1e9")) {
            for (String header : List.of("ce_id", "ce_type", "ce_time", "ce_source", "ce_subject", "ce_previousid")) {
                fixture.send(record("k", "{\"name\":\"x\"}", Map.of(header, unusual.getBytes(StandardCharsets.UTF_8))));
                fixture.send(record("k", "nonsense", Map.of(header, unusual.getBytes(StandardCharsets.UTF_8))));
            }
            fixture.send(record(unusual, "nonsense", Map.of()));
        }
        byte[] noUtf8 = {(byte) 0xed, (byte) 0xa0, (byte) 0x80, (byte) 0xff};
        for (String header : List.of("ce_id", "ce_type", "ce_time", "ce_source", "ce_subject", "ce_previousid")) {
            fixture.send(record("k", "nonsense", Map.of(header, noUtf8)));
        }
        fixture.send(record(null, "nonsense", Map.of()));
        fixture.send(record("x".repeat(1_000_000), "nonsense", Map.of()));
        for (String time :
                List.of("-999999999-01-01T00:00:00Z", "+999999999-12-31T23:59:59Z", "0000-00-00T00:00:00Z")) {
            fixture.send(record(
                    "k",
                    "{\"name\":\"x\"}",
                    Map.of(
                            "ce_id",
                            "no uuid".getBytes(StandardCharsets.UTF_8),
                            "ce_time",
                            time.getBytes(StandardCharsets.UTF_8))));
        }
        fixture.hello("k", "last");

        fixture.consume(greeter());

        await().atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> assertThat(fixture.greeted()).contains("last"));
        assertThat(fixture.strings("SELECT reason FROM dead_letter GROUP BY reason ORDER BY reason"))
                .containsExactly("NOT_JSON", "UNKNOWN_TYPE");
        assertThat(fixture.strings("SELECT message_id FROM parked_message")).isEmpty();
    }

    @Test
    void an_error_message_with_unstorable_characters_is_stored_and_shown() {
        fixture.hello("k", "ann");
        fixture.hello("k", "bob");
        fixture.consume((tx, messages) ->
                messages.stream().anyMatch(each -> each.message().name().equals("ann"))
                        ? Future.failedFuture(new IllegalStateException("\0 \ud800 " + "x".repeat(100_000)))
                        : greeter().handle(tx, messages));

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("bob"));

        assertThat(fixture.strings("SELECT error FROM dead_letter").getFirst())
                .startsWith("java.lang.IllegalStateException: \\0 \uFFFD xxx")
                .hasSizeLessThan(2_100);
        assertThat(fixture.strings("SELECT max(length(error)) FROM delivery_incident")
                        .getFirst())
                .satisfies(longest -> assertThat(Integer.parseInt(longest)).isLessThan(2_100));
        assertThat(api.get("/dead-letters").statusCode()).isEqualTo(200);
    }

    @Test
    void a_dead_letter_whose_value_escapes_half_of_a_surrogate_pair_is_shown_in_every_list() {
        fixture.send("k", "Hello", "{\"name\":\"\\ud800\"}", "bad");
        fixture.consume(greeter());
        await().untilAsserted(() ->
                assertThat(fixture.strings("SELECT reason FROM dead_letter")).containsExactly("INVALID"));
        String deadLetter = fixture.strings("SELECT id FROM dead_letter").getFirst();
        String row = fixture.strings("SELECT id FROM outbox").getFirst();

        for (String path : List.of(
                "/dead-letters",
                "/dead-letters/" + deadLetter,
                "/dead-letters/groups",
                "/outbox",
                "/outbox/" + row,
                "/delivery-incidents")) {
            assertThat(api.get(path).statusCode()).as(path).isEqualTo(200);
        }
    }

    @Test
    void a_query_with_u0000_is_refused_by_the_name_of_its_parameter() {
        HttpResponse<String> answer = api.get("/dead-letters?reason=a%00b");

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(new JsonObject(answer.body()).encode())
                .contains("\"errors\":[{\"field\":\"reason\",\"message\":\"must not contain U+0000");
        assertThat(api.get("/outbox?aggregateId=%00").statusCode()).isEqualTo(400);
        assertThat(api.get("/outbox/%00").statusCode()).isEqualTo(404);
    }

    @Test
    void a_record_of_any_time_can_be_parked() {
        List<ParkRequest> parkings = LongStream.of(Long.MIN_VALUE, -1, 0, Long.MAX_VALUE)
                .mapToObj(time -> new ParkRequest(
                        DecodedRecord.decode(timed(time), fixture.uuidv7(), null, MessageCodec.of(Greeting.class)),
                        1,
                        "not now",
                        Duration.ofHours(1),
                        null))
                .toList();

        await(new ParkedMessageStore(fixture.group).park(fixture.pool, parkings));

        assertThat(fixture.strings(
                        "SELECT extract(year FROM record_time)::integer FROM parked_message ORDER BY record_time, id"))
                .containsExactly("1970", "1970", "1970", "10889");
    }

    private void helloWithTrace(String trace) {
        fixture.send(record("k", "{\"name\":\"x\"}", Map.of("traceparent", trace.getBytes(StandardCharsets.UTF_8))));
    }

    @SuppressWarnings("NullAway") // a record's key may be null, which its unannotated constructor does not declare
    private ProducerRecord<byte[], byte[]> record(@Nullable String key, String value, Map<String, byte[]> special) {
        ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(
                fixture.topic,
                key == null ? null : key.getBytes(StandardCharsets.UTF_8),
                value.getBytes(StandardCharsets.UTF_8));
        Map<String, byte[]> headers = new java.util.HashMap<>(Map.of(
                "ce_type", "Hello".getBytes(StandardCharsets.UTF_8),
                "ce_source", "/tests".getBytes(StandardCharsets.UTF_8),
                "ce_id", UUID.randomUUID().toString().getBytes(StandardCharsets.UTF_8)));
        headers.putAll(special);
        headers.forEach((name, text) -> record.headers().add(name, text));
        return record;
    }

    private ConsumerRecord<byte[], byte[]> timed(long time) {
        return new ConsumerRecord<>(
                fixture.topic,
                0,
                0,
                time,
                TimestampType.CREATE_TIME,
                ConsumerRecord.NULL_SIZE,
                ConsumerRecord.NULL_SIZE,
                "k".getBytes(StandardCharsets.UTF_8),
                "{\"name\":\"x\"}".getBytes(StandardCharsets.UTF_8),
                new RecordHeaders().add("ce_type", "Hello".getBytes(StandardCharsets.UTF_8)),
                Optional.empty());
    }
}
