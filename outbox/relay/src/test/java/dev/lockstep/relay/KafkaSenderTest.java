package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import dev.lockstep.relay.KafkaSender.SentRecord;
import dev.lockstep.relay.Refusal.Scope;
import dev.lockstep.relay.TopicProbe.Finding;
import dev.lockstep.relay.TopicProbe.State;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
@Execution(ExecutionMode.CONCURRENT)
@Timeout(30)
class KafkaSenderTest {
    private final Deque<MockProducer<byte[], byte[]>> producers = new ArrayDeque<>();
    private final CountDownLatch closing = new CountDownLatch(1);
    private final OutboxRecords records = new OutboxRecords("/order-service");
    private final RelayHealth health = new RelayHealth("orders_outbox", Duration.ofSeconds(15), System::nanoTime);
    private final KafkaSender sender = new KafkaSender(this::producer, "k:9092", topics -> Map.of(), health);

    private MockProducer<byte[], byte[]> producer() {
        producers.add(new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer()));
        return producers.getLast();
    }

    @Test
    void an_acknowledged_record_has_no_refusal() throws InterruptedException {
        SentRecord sent = sender.send(sender.currentProducer(), row("orders", "o-1"), true);

        Thread broker = Thread.ofPlatform().start(() -> producers.getLast().completeNext());
        Refusal refusal = sender.awaitAck(sent);

        broker.join();
        assertThat(refusal).isNull();
    }

    @Test
    void a_refused_record_with_followers_closes_its_producer_before_they_are_sent() throws InterruptedException {
        ProducerHandle session = sender.currentProducer();
        SentRecord first = sender.send(session, row("orders", "o-1"), true);
        SentRecord second = sender.send(session, row("orders", "o-1"), true);

        producers.getLast().errorNext(new RecordTooLargeException("too large"));

        assertThat(producers.getLast().closed()).isTrue();
        assertThat(sender.awaitAck(first)).isEqualTo(new Refusal(Scope.RECORD, "RecordTooLargeException: too large"));
        assertThat(sender.send(session, row("orders", "o-1"), true).refusal()).isEqualTo(Refusal.PRODUCER_CLOSED);
        assertThat(second.acknowledgement()).isNotDone();
        assertThat(sender.currentProducer()).isNotSameAs(session);
    }

    @Test
    void a_refused_record_without_followers_does_not_close_its_producer() throws InterruptedException {
        SentRecord sent = sender.send(sender.currentProducer(), row("orders", "o-1"), false);

        producers.getLast().errorNext(new TopicAuthorizationException("not yours"));

        assertThat(sender.awaitAck(sent)).extracting(Refusal::scope).isEqualTo(Scope.TOPIC);
        assertThat(producers.getLast().closed()).isFalse();
    }

    @Test
    void a_cluster_wide_refusal_is_reported_and_stops_sending() throws InterruptedException {
        OutgoingRecord row = row("orders", "o-1");
        SentRecord sent = sender.send(sender.currentProducer(), row, true);

        producers.getLast().errorNext(new ClusterAuthorizationException("not yours"));

        String failure = "outbox %s cannot be sent to topic orders: ClusterAuthorizationException: not yours"
                .formatted(row.description());
        assertThatThrownBy(() -> sender.awaitAck(sent)).hasMessage(failure);
        assertThat(health.problem()).contains(failure);
        assertThatThrownBy(sender::currentProducer).hasMessage(failure);
    }

    @Test
    void closing_ends_the_wait_for_a_missing_acknowledgement() throws InterruptedException {
        SentRecord sent = sender.send(sender.currentProducer(), row("orders", "o-1"), true);

        Thread other = Thread.ofPlatform().start(sender::close);

        assertThatThrownBy(() -> sender.awaitAck(sent)).hasMessage("the relay is being closed");
        other.join();
        assertThatThrownBy(sender::currentProducer).hasMessage("the relay is being closed");
    }

    @Test
    void closing_does_not_wait_for_a_producer_that_is_being_created() throws InterruptedException {
        CountDownLatch creating = new CountDownLatch(1);
        CountDownLatch resolved = new CountDownLatch(1);
        KafkaSender resolving = new KafkaSender(
                () -> {
                    creating.countDown();
                    awaitUninterrupted(resolved);
                    return producer();
                },
                "k:9092",
                topics -> Map.of(),
                health);
        AtomicReference<Throwable> outcome = new AtomicReference<>();
        Thread creator = Thread.ofPlatform().start(() -> outcome.set(catchThrowable(resolving::currentProducer)));
        creating.await();

        assertThat(durationOf(resolving::close)).isLessThan(Duration.ofSeconds(5));
        resolved.countDown();
        creator.join();

        assertThat(outcome.get()).hasMessage("the relay is being closed");
        assertThat(producers.getLast().closed()).isTrue();
    }

    @Test
    void closing_does_not_wait_for_a_producer_that_is_resolving_a_name() {
        CountDownLatch resolved = new CountDownLatch(1);
        KafkaSender resolving = new KafkaSender(() -> endsAfter(resolved), "k:9092", topics -> Map.of(), health);
        resolving.currentProducer();

        assertThat(durationOf(resolving::close)).isLessThan(Duration.ofSeconds(5));
        assertThat(durationOf(resolving::close)).as("a second call").isLessThan(Duration.ofSeconds(5));

        resolved.countDown();
    }

    @Test
    void a_record_is_not_refused_before_its_producer_has_ended_unless_the_sender_is_closed()
            throws InterruptedException {
        CountDownLatch resolved = new CountDownLatch(1);
        KafkaSender asking = new KafkaSender(
                () -> endsAfter(resolved),
                "k:9092",
                topics -> Map.of("orders", new Finding(State.MISSING, "why")),
                health);
        SentRecord sent = asking.send(asking.currentProducer(), row("orders", "o-1"), true);
        AtomicReference<Throwable> outcome = new AtomicReference<>();
        Thread waiting = Thread.ofPlatform().start(() -> outcome.set(catchThrowable(() -> asking.awaitAck(sent))));

        await().until(closing::getCount, left -> left == 0);
        asking.close();
        waiting.join();

        assertThat(outcome.get()).hasMessage("the relay is being closed");
        resolved.countDown();
    }

    // The I/O thread of a real producer does not end while it resolves the name of a broker.
    private MockProducer<byte[], byte[]> endsAfter(CountDownLatch resolved) {
        MockProducer<byte[], byte[]> producer =
                new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer()) {
                    @Override
                    public void close(Duration timeout) {
                        closing.countDown();
                        awaitUninterrupted(resolved);
                    }
                };
        return connected(producer);
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException cause) {
            throw new IllegalStateException(cause);
        }
    }

    private static Duration durationOf(Runnable action) {
        long begun = System.nanoTime();
        action.run();
        return Duration.ofNanos(System.nanoTime() - begun);
    }

    @ParameterizedTest
    @EnumSource(names = {"MISSING", "REFUSED", "UNAVAILABLE"})
    void an_unacknowledged_record_is_refused_if_its_topic_is_unusable(State state) throws InterruptedException {
        KafkaSender asking = new KafkaSender(
                this::connected, "k:9092", topics -> Map.of("orders", new Finding(state, "why")), health);
        ProducerHandle session = asking.currentProducer();
        SentRecord sent = asking.send(session, row("orders", "o-1"), true);

        Refusal refusal = asking.awaitAck(sent);

        assertThat(refusal).isEqualTo(new Refusal(Scope.TOPIC, "why"));
        assertThat(producers.getLast().closed()).isTrue();
    }

    @ParameterizedTest
    @EnumSource(names = {"USABLE", "UNKNOWN"})
    void an_unacknowledged_record_is_awaited_while_its_topic_is_usable_or_unknown(State state)
            throws InterruptedException {
        AtomicInteger questions = new AtomicInteger();
        KafkaSender asking = new KafkaSender(
                this::connected,
                "k:9092",
                topics -> {
                    if (questions.incrementAndGet() == 4) {
                        producers.getLast().completeNext();
                    }
                    return Map.of("orders", new Finding(state, ""));
                },
                health);
        SentRecord sent = asking.send(asking.currentProducer(), row("orders", "o-1"), true);

        Refusal refusal = asking.awaitAck(sent);

        assertThat(refusal).isNull();
        assertThat(questions).hasValue(4);
    }

    private MockProducer<byte[], byte[]> connected() {
        return connected(producer());
    }

    private static MockProducer<byte[], byte[]> connected(MockProducer<byte[], byte[]> producer) {
        MetricName name = new MetricName("connection-count", "producer-metrics", "", Map.of());
        producer.setMockMetrics(name, new Metric() {
            @Override
            public MetricName metricName() {
                return name;
            }

            @Override
            public Object metricValue() {
                return 1.0;
            }
        });
        return producer;
    }

    @Test
    void only_records_behind_a_refused_record_of_their_key_are_not_sent() throws InterruptedException {
        List<OutgoingRecord> batch = List.of(
                row("orders", "o-1"),
                row("orders", "o-1"),
                row("orders", "o-2"),
                row("stock", "o-1"),
                row("orders", "o-2"));

        List<String> accepted;
        try (Broker broker = new Broker(batch.getFirst())) {
            KafkaSender toBroker = new KafkaSender(broker::producer, "k:9092", topics -> Map.of(), health);
            new OrderedSender(toBroker).send(batch, topic -> false);
            accepted = broker.accepted;
        }

        assertThat(batch.getFirst().refusal()).extracting(Refusal::scope).isEqualTo(Scope.RECORD);
        assertThat(batch.get(1).refusal()).isEqualTo(Refusal.BLOCKED_BY_PREDECESSOR);
        assertThat(batch.subList(2, 5)).allMatch(OutgoingRecord::isAcknowledged);
        assertThat(accepted)
                .containsExactly(
                        batch.get(2).description(),
                        batch.get(3).description(),
                        batch.get(4).description());
    }

    @Test
    void after_a_topic_is_refused_only_other_topics_are_sent() throws InterruptedException {
        List<OutgoingRecord> batch = List.of(row("orders", "o-1"), row("orders", "o-2"), row("stock", "o-1"));

        try (Broker broker = new Broker(batch.getFirst())) {
            broker.refusal = new TopicAuthorizationException("not yours");
            KafkaSender toBroker = new KafkaSender(broker::producer, "k:9092", topics -> Map.of(), health);
            new OrderedSender(toBroker).send(batch, topic -> false);

            assertThat(broker.accepted).containsExactly(batch.get(2).description());
        }
        assertThat(batch.get(1).refusal()).isEqualTo(Refusal.BLOCKED_BY_PREDECESSOR);
    }

    /** Answers on its own thread: refuses one record and all records of a closed producer, and accepts all others. */
    private static final class Broker implements AutoCloseable {
        private final ExecutorService thread = Executors.newSingleThreadExecutor();
        private final List<String> accepted = new CopyOnWriteArrayList<>();
        private final OutgoingRecord refused;
        private volatile RuntimeException refusal = new RecordTooLargeException("too large");

        private Broker(OutgoingRecord refused) {
            this.refused = refused;
        }

        private MockProducer<byte[], byte[]> producer() {
            return new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer()) {
                @Override
                public synchronized Future<RecordMetadata> send(
                        ProducerRecord<byte[], byte[]> record, Callback callback) {
                    Future<RecordMetadata> sent = super.send(record, callback);
                    thread.execute(() -> answer(this, new String(record.value(), StandardCharsets.UTF_8)));
                    return sent;
                }
            };
        }

        private void answer(MockProducer<byte[], byte[]> producer, String value) {
            if (producer.closed()) {
                producer.errorNext(new KafkaException("Producer is closed forcefully."));
            } else if (value.equals(refused.description())) {
                producer.errorNext(refusal);
            } else {
                accepted.add(value);
                producer.completeNext();
            }
        }

        @Override
        public void close() {
            thread.shutdown();
        }
    }

    private OutgoingRecord row(String topic, String key) {
        String id = UUID.randomUUID().toString();
        ByteBuffer payload = ByteBuffer.wrap(("row " + id).getBytes(StandardCharsets.UTF_8));
        return OutgoingRecord.row(
                new OutboxRow(id, key, "T", payload, topic, null, null, null, null, null, Instant.EPOCH, null),
                records);
    }
}
