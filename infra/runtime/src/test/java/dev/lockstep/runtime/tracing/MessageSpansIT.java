package dev.lockstep.runtime.tracing;

import static dev.lockstep.testing.Futures.await;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.messaging.MessagingSchema;
import dev.lockstep.messaging.consumer.MessageConsumer;
import dev.lockstep.messaging.delivery.ConsumerOptions;
import dev.lockstep.messaging.delivery.MessageCodec;
import dev.lockstep.messaging.delivery.MessageHandler;
import dev.lockstep.messaging.failure.UnprocessableMessageException;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.messaging.outbox.OutboxMessage;
import dev.lockstep.messaging.schedule.Backoff;
import dev.lockstep.messaging.tracing.MessageTracing;
import dev.lockstep.messaging.tracing.Telemetry;
import dev.lockstep.runtime.ServiceMetrics;
import dev.lockstep.testing.DatabaseTemplate;
import dev.lockstep.testing.TestKafka;
import dev.lockstep.testing.TestServers;
import dev.lockstep.testing.VertxDatabase;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.sdk.trace.data.EventData;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
@Timeout(120)
class MessageSpansIT {
    private static final DatabaseTemplate TABLES = new DatabaseTemplate("spans", MessagingSchema::migrate);
    private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
    private static final String PARENT = "00f067aa0ba902b7";
    private static final String TRACEPARENT = "00-" + TRACE + "-" + PARENT + "-01";

    static {
        Awaitility.setDefaultTimeout(Duration.ofSeconds(30));
    }

    @RegisterExtension
    final VertxDatabase data = new VertxDatabase(TABLES, 4);

    @RegisterExtension
    final TestKafka kafka = new TestKafka();

    private final String topic = TestServers.newName("pings_");
    private final String group = TestServers.newName("spans_");
    private final RecordedTraces traces = new RecordedTraces();
    private final ServiceMetrics metrics = new ServiceMetrics("test-service", true);
    private @Nullable MessageConsumer consumer;

    record Ping(String text) {}

    record Pong(String text) {}

    @BeforeEach
    void createTopic() {
        kafka.createTopic(topic, 1);
    }

    @AfterEach
    void close() {
        if (consumer != null) {
            await(consumer.stop());
        }
        metrics.close();
    }

    @Test
    void a_handled_message_and_the_message_that_it_causes_are_children_of_the_records_trace() {
        consume(traces.messages(), reply(new Outbox(traces.messages())));

        send("k1", "hello", TRACEPARENT);

        Map<String, SpanData> spans = spans(2);
        SpanData process = span(spans, "process " + topic);
        SpanData sent = span(spans, "send pongs");
        assertThat(process.getKind()).isEqualTo(SpanKind.CONSUMER);
        assertThat(process.getTraceId()).isEqualTo(TRACE);
        assertThat(process.getParentSpanId()).isEqualTo(PARENT);
        assertThat(attributes(process))
                .containsEntry("messaging.system", "kafka")
                .containsEntry("messaging.operation.name", "process")
                .containsEntry("messaging.operation.type", "process")
                .containsEntry("messaging.destination.name", topic)
                .containsEntry("messaging.destination.partition.id", "0")
                .containsEntry("messaging.kafka.offset", "0")
                .containsEntry("messaging.kafka.message.key", "k1")
                .containsEntry("messaging.consumer.group.name", group)
                .containsEntry("lockstep.message.type", "Ping")
                .containsKey("messaging.message.id");
        assertThat(sent.getKind()).isEqualTo(SpanKind.PRODUCER);
        assertThat(sent.getTraceId()).isEqualTo(TRACE);
        assertThat(sent.getParentSpanId()).isEqualTo(process.getSpanId());
        assertThat(attributes(sent))
                .containsEntry("messaging.system", "kafka")
                .containsEntry("messaging.operation.name", "send")
                .containsEntry("messaging.operation.type", "send")
                .containsEntry("messaging.destination.name", "pongs")
                .containsEntry("messaging.kafka.message.key", "k1")
                .containsEntry("lockstep.message.type", "Pong");
        assertThat(data.strings("SELECT traceparent FROM outbox")).containsExactly(RecordedTraces.traceparent(sent));
    }

    @Test
    void each_message_of_a_batch_has_a_span_of_its_own() {
        for (int i = 0; i < 20; i++) {
            send("k" + i, "hello", "00-" + TRACE + "-%016x-01".formatted(i + 1));
        }

        consume(traces.messages(), reply(new Outbox(traces.messages())));

        Awaitility.await().until(() -> traces.spans().size() == 40);
        Map<String, String> processed = traces.spans().stream()
                .filter(span -> span.getName().startsWith("process"))
                .collect(Collectors.toMap(SpanData::getSpanId, SpanData::getParentSpanId));
        assertThat(processed.values()).doesNotHaveDuplicates().hasSize(20);
        assertThat(traces.spans().stream()
                        .filter(span -> span.getName().startsWith("send"))
                        .map(SpanData::getParentSpanId))
                .containsExactlyInAnyOrderElementsOf(processed.keySet());
    }

    @Test
    void a_message_without_a_trace_context_begins_a_trace() {
        consume(traces.messages(), reply(new Outbox(traces.messages())));

        send("k1", "hello", null);

        Map<String, SpanData> spans = spans(2);
        SpanData process = span(spans, "process " + topic);
        assertThat(process.getParentSpanId()).isEqualTo("0000000000000000");
        assertThat(span(spans, "send pongs").getParentSpanId()).isEqualTo(process.getSpanId());
    }

    @Test
    void a_message_that_can_never_be_handled_is_an_error_and_nothing_is_sent() {
        consume(
                traces.messages(),
                replyThen(new Outbox(traces.messages()), new UnprocessableMessageException("REFUSED", "no pings")));

        send("k1", "hello", TRACEPARENT);

        SpanData process = span(spans(1), "process " + topic);
        assertThat(process.getParentSpanId()).isEqualTo(PARENT);
        assertThat(process.getStatus().getDescription()).isEqualTo("REFUSED: no pings");
        assertThat(process.getEvents()).extracting(EventData::getName).containsExactly("message.dead_letter");
    }

    @Test
    void a_message_that_cannot_be_decoded_is_an_error_and_its_log_line_has_the_trace_id() {
        try (LoggedTraceIds logged = new LoggedTraceIds("dev.lockstep.messaging.delivery.DeliveryFailures")) {
            consume(traces.messages(), reply(new Outbox(traces.messages())));

            send("k1", null, TRACEPARENT);

            SpanData process = span(spans(1), "process " + topic);
            assertThat(process.getParentSpanId()).isEqualTo(PARENT);
            assertThat(process.getEvents()).extracting(EventData::getName).containsExactly("message.dead_letter");
            Awaitility.await().untilAsserted(() -> assertThat(logged.all()).containsExactly(TRACE));
        }
    }

    @Test
    void a_log_line_has_the_trace_id_of_its_message_without_tracing_too() {
        try (LoggedTraceIds logged = new LoggedTraceIds("dev.lockstep.messaging.delivery.DeliveryFailures")) {
            consume(MessageTracing.OFF, reply(new Outbox()));

            send("k1", null, TRACEPARENT);

            Awaitility.await().untilAsserted(() -> assertThat(logged.all()).containsExactly(TRACE));
        }
    }

    @Test
    void a_message_that_fails_is_parked_and_its_retries_are_spans_of_the_same_trace() {
        AtomicInteger attempts = new AtomicInteger();
        MessageHandler<Ping> reply = reply(new Outbox(traces.messages()));
        consume(
                traces.messages(),
                (tx, pings) -> attempts.incrementAndGet() <= 2
                        ? Future.failedFuture(new IllegalStateException("not yet"))
                        : reply.handle(tx, pings));

        send("k1", "hello", TRACEPARENT);

        Awaitility.await().until(() -> traces.spans().size() == 4);
        assertThat(traces.spans()).extracting(SpanData::getTraceId).containsOnly(TRACE);
        assertThat(traces.spans().stream()
                        .filter(span -> span.getName().equals("process " + topic))
                        .map(span -> span.getEvents().stream()
                                .map(EventData::getName)
                                .collect(Collectors.joining())))
                .containsExactlyInAnyOrder("message.parked", "message.failed_again", "");
        assertThat(traces.spans().stream()
                        .filter(span -> span.getName().equals("process " + topic))
                        .map(SpanData::getParentSpanId))
                .containsOnly(PARENT);
    }

    @Test
    void a_message_whose_transaction_is_rolled_back_has_no_span() {
        Outbox outbox = new Outbox(traces.messages());

        assertThatThrownBy(() -> await(data.pool()
                        .withTransaction(tx -> outbox.append(tx, List.of(pong("k1", TRACEPARENT)))
                                .compose(appended ->
                                        Future.failedFuture(new IllegalStateException("changed my mind"))))))
                .hasMessage("changed my mind");
        await(data.pool().withTransaction(tx -> outbox.append(tx, List.of(pong("k2", TRACEPARENT)))));

        assertThat(attributes(span(spans(1), "send pongs"))).containsEntry("messaging.kafka.message.key", "k2");
    }

    @Test
    void an_outbox_message_without_a_trace_context_gets_none() {
        Outbox outbox = new Outbox(traces.messages());

        await(data.pool().withTransaction(tx -> outbox.append(tx, List.of(pong("k1", null)))));

        assertThat(data.strings("SELECT coalesce(traceparent, '-') FROM outbox"))
                .containsExactly("-");
        assertThat(traces.spans()).isEmpty();
    }

    @Test
    void the_histogram_of_transactions_refers_to_the_trace_of_a_message() {
        consume(traces.messages(), reply(new Outbox(traces.messages())));
        send("k1", "hello", TRACEPARENT);
        SpanData process = span(spans(2), "process " + topic);

        PrometheusMeterRegistry registry = (PrometheusMeterRegistry) metrics.registry();
        Awaitility.await()
                .untilAsserted(() -> assertThat(registry.scrape("application/openmetrics-text; version=1.0.0")
                                .lines())
                        .anySatisfy(line -> assertThat(line)
                                .startsWith("lockstep_consumer_transaction_seconds_bucket{")
                                .contains("trace_id=\"" + TRACE + "\"")
                                .contains("span_id=\"" + process.getSpanId() + "\"")));
    }

    @Test
    void without_tracing_the_trace_context_is_passed_on_unchanged() {
        consume(MessageTracing.OFF, reply(new Outbox()));

        send("k1", "hello", "00-" + TRACE + "-" + PARENT + "-03");

        Awaitility.await()
                .untilAsserted(() -> assertThat(data.strings("SELECT traceparent FROM outbox"))
                        .containsExactly("00-" + TRACE + "-" + PARENT + "-03"));
        assertThat(traces.spans()).isEmpty();
    }

    private static MessageHandler<Ping> reply(Outbox outbox) {
        return (tx, pings) -> outbox.append(
                tx,
                pings.stream()
                        .map(each -> pong(Objects.requireNonNull(each.key()), each.traceparent()))
                        .toList());
    }

    private static MessageHandler<Ping> replyThen(Outbox outbox, RuntimeException failure) {
        return (tx, pings) -> reply(outbox).handle(tx, pings).compose(replied -> Future.failedFuture(failure));
    }

    private static OutboxMessage pong(String key, @Nullable String traceparent) {
        return OutboxMessage.of("ping", key, "pongs", new Pong("you too"), traceparent);
    }

    private void consume(MessageTracing tracing, MessageHandler<Ping> handler) {
        MessageConsumer created = MessageConsumer.create(
                data.vertx(),
                data.pool(),
                new ConsumerOptions(
                        group,
                        List.of(topic),
                        Map.of("bootstrap.servers", kafka.bootstrapServers()),
                        100,
                        new ConsumerOptions.Retries(5, new Backoff(Duration.ofMillis(50), Duration.ofMillis(200))),
                        Duration.ofDays(7),
                        new ConsumerOptions.Gaps(Duration.ofSeconds(1), Duration.ofSeconds(20))),
                MessageCodec.of(Ping.class),
                handler,
                each -> true,
                new Telemetry(metrics.registry(), tracing));
        consumer = created;
        await(created.start());
    }

    private void send(String key, @Nullable String text, @Nullable String traceparent) {
        ProducerRecord<String, String> record =
                new ProducerRecord<>(topic, key, text == null ? "{" : "{\"text\":\"" + text + "\"}");
        record.headers().add("ce_type", "Ping".getBytes(UTF_8));
        record.headers().add("ce_id", ("id of " + key).getBytes(UTF_8));
        if (traceparent != null) {
            record.headers().add("traceparent", traceparent.getBytes(UTF_8));
        }
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", kafka.bootstrapServers()),
                new StringSerializer(),
                new StringSerializer())) {
            var _ = producer.send(record);
        }
    }

    // The order in which spans end is not determined.
    private Map<String, SpanData> spans(int number) {
        Awaitility.await().until(() -> traces.spans().size() >= number);
        assertThat(traces.spans()).hasSize(number);
        return traces.spans().stream().collect(Collectors.toMap(SpanData::getName, span -> span));
    }

    private static SpanData span(Map<String, SpanData> spans, String name) {
        assertThat(spans).containsKey(name);
        return Objects.requireNonNull(spans.get(name));
    }

    private static Map<String, String> attributes(SpanData span) {
        return span.getAttributes().asMap().entrySet().stream()
                .collect(Collectors.toMap(
                        each -> ((AttributeKey<?>) each.getKey()).getKey(), each -> String.valueOf(each.getValue())));
    }
}
