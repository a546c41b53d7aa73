package dev.lockstep.relay;

import dev.lockstep.relay.TopicProbe.Finding;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Sends records to Kafka and waits for their acknowledgements for as long as Kafka needs. A record that Kafka refuses gets a {@link
 * Refusal}; a record that waits because Kafka is unreachable does not.
 *
 * <p>When a record is refused, its producer is closed at once, before it can send the record behind it. Everything that the producer had
 * not sent is dropped with it, and {@link OrderedSender} sends it again through the next producer.
 */
final class KafkaSender implements AutoCloseable {
    private static final Duration ACK_POLL_INTERVAL = Duration.ofMillis(100);
    private static final Duration SLOW_ACK_THRESHOLD = Duration.ofSeconds(3);
    private static final Duration FIRST_TOPIC_CHECK = Duration.ofSeconds(1);
    private static final Duration MAX_CHECK_INTERVAL = Duration.ofSeconds(5);
    private static final Duration BLOCKED_THRESHOLD = Duration.ofSeconds(5);
    private static final Duration CLOSE_LIMIT = Duration.ofMillis(500);

    private static final Future<RecordMetadata> NOT_SENT =
            CompletableFuture.failedFuture(new IllegalStateException("the record was not sent"));

    private final Supplier<Producer<byte[], byte[]>> producers;
    private final String bootstrapServers;
    private final TopicProbe topicProbe;
    private final RelayHealth health;
    private final AtomicReference<@Nullable RelayException> failure = new AtomicReference<>();

    private final AtomicInteger waiters = new AtomicInteger();

    private volatile @Nullable ProducerHandle currentProducer;
    private volatile long lastProgress = System.nanoTime();
    private volatile boolean closing;

    /** @param producers creates a producer, for the first record and after each producer that was closed */
    KafkaSender(
            Supplier<Producer<byte[], byte[]>> producers,
            String bootstrapServers,
            TopicProbe topicProbe,
            RelayHealth health) {
        this.producers = producers;
        this.bootstrapServers = bootstrapServers;
        this.topicProbe = topicProbe;
        this.health = health;
    }

    /**
     * A record that was handed to the producer, or that was refused before that.
     *
     * @param by the producer
     * @param refusal why the record was not handed over, or null if it is in flight
     */
    record SentRecord(
            ProducerHandle by,
            OutgoingRecord outgoing,
            Future<RecordMetadata> acknowledgement,
            @Nullable Refusal refusal) {
        private static SentRecord failed(ProducerHandle by, OutgoingRecord outgoing, Refusal refusal) {
            return new SentRecord(by, outgoing, NOT_SENT, refusal);
        }
    }

    /**
     * Returns the current producer. Creates one if there is none, or if the last one was closed.
     *
     * @throws RelayException if the sender has failed or is closed, or if no producer can be created
     */
    synchronized ProducerHandle currentProducer() {
        throwIfClosedOrFailed();
        ProducerHandle current = currentProducer;
        if (current == null || current.isClosed()) {
            current = new ProducerHandle(newProducer());
            currentProducer = current;
            // close() does not wait for the creation of a producer.
            if (closing) {
                closeWithinLimit(current);
                throwIfClosedOrFailed();
            }
        }
        return current;
    }

    // Callers retry after a RelayException. The cause may be temporary, such as a broker name that cannot be resolved.
    private Producer<byte[], byte[]> newProducer() {
        try {
            return producers.get();
        } catch (KafkaException cause) {
            throw new RelayException("the Kafka producer cannot be created: " + RelayException.reason(cause), cause);
        }
    }

    /**
     * Hands a record to the producer. Blocks while Kafka returns no metadata for the topic, or while the buffer is full.
     *
     * @param followed whether further records of the same topic and key may be sent before this one is acknowledged. If this record is then
     *     refused, the producer is closed before it sends them
     * @throws RelayException if nothing can be sent at all, or the sender is being closed
     */
    SentRecord send(ProducerHandle by, OutgoingRecord outgoing, boolean followed) throws InterruptedException {
        beginToWait();
        try {
            return sendWithRetries(by, outgoing, followed);
        } finally {
            endToWait();
        }
    }

    /**
     * Returns once Kafka has acknowledged the record or refused it.
     *
     * @return null if it was acknowledged
     * @throws RelayException if nothing can be sent at all, or the sender is being closed
     */
    @Nullable
    Refusal awaitAck(SentRecord sent) throws InterruptedException {
        if (sent.refusal() != null) {
            return sent.refusal();
        }
        beginToWait();
        try {
            return awaitAckOrRefusal(sent);
        } finally {
            endToWait();
        }
    }

    /** How long callers have been waiting without any record being acknowledged or taken into the buffer. Zero if no caller waits. */
    Duration stalledFor() {
        return waiters.get() == 0 ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - lastProgress);
    }

    /**
     * Ends all waits at once. The next leader sends again what is not acknowledged by then. Takes half a second at most, even if the name of a
     * broker is being resolved.
     */
    @Override
    public void close() {
        closing = true;
        ProducerHandle current = currentProducer;
        if (current != null) {
            closeWithinLimit(current);
        }
    }

    private static void closeWithinLimit(ProducerHandle handle) {
        try {
            boolean _ = handle.close(CLOSE_LIMIT);
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
        }
    }

    // The order of a key depends on this wait: the producer may send the records behind the refused one until it has
    // ended.
    private void closeAndAwait(ProducerHandle handle) throws InterruptedException {
        while (!handle.close(ACK_POLL_INTERVAL)) {
            throwIfClosedOrFailed();
        }
    }

    private void beginToWait() {
        if (waiters.get() == 0) {
            lastProgress = System.nanoTime();
        }
        waiters.incrementAndGet();
    }

    private void endToWait() {
        lastProgress = System.nanoTime();
        waiters.decrementAndGet();
    }

    private SentRecord sendWithRetries(ProducerHandle by, OutgoingRecord outgoing, boolean followed)
            throws InterruptedException {
        ProducerRecord<byte[], byte[]> record = outgoing.record();
        if (record == null) {
            return SentRecord.failed(by, outgoing, outgoing.unsendable());
        }
        long start = System.nanoTime();
        TopicCheck topicCheck = new TopicCheck(outgoing.topic());
        while (true) {
            throwIfClosedOrFailed();
            if (by.isClosed()) {
                return SentRecord.failed(by, outgoing, Refusal.PRODUCER_CLOSED);
            }
            Attempt attempt = tryToSend(by, record, followed);
            Throwable cause = attempt.failure();
            if (cause == null) {
                return new SentRecord(by, outgoing, attempt.acknowledgement(), null);
            }
            // Here only a record that never entered the producer's buffer times out, so a retry keeps the order.
            if (!(cause instanceof TimeoutException)) {
                return SentRecord.failed(by, outgoing, refusal(by, outgoing, cause));
            }
            Duration waited = since(start);
            Refusal refusal = connected(by) ? topicCheck.check(waited) : null;
            if (refusal != null) {
                return SentRecord.failed(by, outgoing, refusal);
            }
            reportWait(
                    "outbox %s waits for topic %s: %s"
                            .formatted(
                                    outgoing.description(),
                                    outgoing.topic(),
                                    connected(by) ? cause.getMessage() : kafka() + " cannot be reached"),
                    waited);
        }
    }

    private void reportWait(String sentence, Duration waited) {
        if (waited.compareTo(BLOCKED_THRESHOLD) < 0) {
            health.degraded(sentence);
        } else {
            health.blocked(sentence);
        }
    }

    private @Nullable Refusal awaitAckOrRefusal(SentRecord sent) throws InterruptedException {
        long start = System.nanoTime();
        TopicCheck topicCheck = new TopicCheck(sent.outgoing().topic());
        while (true) {
            try {
                sent.acknowledgement().get(ACK_POLL_INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
                return null;
            } catch (java.util.concurrent.TimeoutException notYet) {
                throwIfClosedOrFailed();
                Duration waited = since(start);
                if (waited.compareTo(SLOW_ACK_THRESHOLD) > 0) {
                    health.degraded("%s has not acknowledged outbox %s for topic %s for %d s"
                            .formatted(
                                    kafka(),
                                    sent.outgoing().description(),
                                    sent.outgoing().topic(),
                                    waited.toSeconds()));
                }
                Refusal refusal = topicCheck.isDue(waited) && connected(sent.by()) ? topicCheck.check(waited) : null;
                if (refusal != null) {
                    // The producer would retry forever, and keeps the record until it succeeds.
                    closeAndAwait(sent.by());
                    return refusal;
                }
            } catch (ExecutionException failed) {
                throwIfClosedOrFailed();
                Throwable cause = failed.getCause();
                return refusal(sent.by(), sent.outgoing(), cause == null ? failed : cause);
            }
        }
    }

    /** The result of one attempt to hand over a record. */
    private record Attempt(
            Future<RecordMetadata> acknowledgement,
            @Nullable Throwable failure) {}

    private Attempt tryToSend(ProducerHandle by, ProducerRecord<byte[], byte[]> record, boolean followed)
            throws InterruptedException {
        SendCallback callback = new SendCallback(by, followed);
        try {
            Future<RecordMetadata> acknowledgement = by.producer().send(record, callback);
            callback.enqueued = true;
            return new Attempt(acknowledgement, failureOf(acknowledgement));
        } catch (InterruptException interrupted) {
            Thread.interrupted();
            throw new InterruptedException("interrupted while sending to topic " + record.topic());
        } catch (RuntimeException cause) {
            throwIfClosedOrFailed();
            return new Attempt(NOT_SENT, cause);
        }
    }

    /** Closes the producer when a record is refused that other records may follow. */
    private final class SendCallback implements Callback {
        private final ProducerHandle handle;
        private final boolean hasFollowers;
        private final Thread sender = Thread.currentThread();
        private volatile boolean enqueued;

        private SendCallback(ProducerHandle handle, boolean hasFollowers) {
            this.handle = handle;
            this.hasFollowers = hasFollowers;
        }

        @Override
        public void onCompletion(@Nullable RecordMetadata metadata, @Nullable Exception cause) {
            if (cause == null || closing || handle.isClosed() || cause instanceof TimeoutException) {
                return;
            }
            // A record that never entered the buffer fails on the calling thread, within send(): no other record is
            // behind it.
            boolean neverSent = Thread.currentThread() == sender && !enqueued;
            if (!neverSent && (hasFollowers || Refusal.of(cause).isEmpty())) {
                handle.closeOnThisThread();
            }
        }
    }

    private Refusal refusal(ProducerHandle by, OutgoingRecord outgoing, Throwable cause) {
        Optional<Refusal> refusal = Refusal.of(cause);
        boolean closed = cause instanceof IllegalStateException
                || refusal.filter(known -> known.isOf(Refusal.Scope.NONE)).isPresent();
        return by.isClosed() && closed
                ? Refusal.PRODUCER_CLOSED
                : refusal.orElseThrow(() -> failed(by, outgoing, cause));
    }

    private RelayException failed(ProducerHandle by, OutgoingRecord outgoing, Throwable cause) {
        RelayException first = new RelayException(
                "outbox %s cannot be sent to topic %s: %s"
                        .formatted(outgoing.description(), outgoing.topic(), RelayException.reason(cause)),
                cause);
        if (!closing && failure.compareAndSet(null, first)) {
            health.blocked(RelayException.reason(first));
            closeWithinLimit(by);
        }
        RelayException known = failure.get();
        return known == null ? first : known;
    }

    private void throwIfClosedOrFailed() {
        RelayException failed = failure.get();
        if (failed != null) {
            throw failed;
        }
        if (closing) {
            throw new RelayException("the relay is being closed", null);
        }
    }

    /** Asks whether Kafka refuses the topic, at growing intervals while a record waits. */
    private final class TopicCheck {
        private final String topic;
        private Duration nextCheck = FIRST_TOPIC_CHECK;
        private boolean wasUnavailable;

        private TopicCheck(String topic) {
            this.topic = topic;
        }

        boolean isDue(Duration waited) {
            return waited.compareTo(nextCheck) >= 0;
        }

        private static Duration nextCheckAfter(Duration waited) {
            return waited.plus(waited.compareTo(MAX_CHECK_INTERVAL) < 0 ? waited : MAX_CHECK_INTERVAL);
        }

        /** Returns null unless the topic is refused. */
        @Nullable
        Refusal check(Duration waited) throws InterruptedException {
            nextCheck = nextCheckAfter(waited);
            Finding finding = topicProbe.check(topic);
            boolean refused = switch (finding.state()) {
                case MISSING, REFUSED -> true;
                // Leader changes and broker starts are transient, so a single finding does not count.
                case UNAVAILABLE -> wasUnavailable && waited.compareTo(SLOW_ACK_THRESHOLD) > 0;
                case USABLE, UNKNOWN -> false;
            };
            wasUnavailable = finding.state() == TopicProbe.State.UNAVAILABLE;
            return refused ? new Refusal(Refusal.Scope.TOPIC, finding.reason()) : null;
        }
    }

    private static @Nullable Throwable failureOf(Future<RecordMetadata> acknowledgement) {
        return acknowledgement.state() == Future.State.FAILED ? acknowledgement.exceptionNow() : null;
    }

    private static Duration since(long start) {
        return Duration.ofNanos(System.nanoTime() - start);
    }

    private static boolean connected(ProducerHandle by) {
        return by.producer().metrics().entrySet().stream()
                .filter(metric -> metric.getKey().name().equals("connection-count")
                        && metric.getKey().group().equals("producer-metrics"))
                .anyMatch(metric -> metric.getValue().metricValue() instanceof Double count && count > 0);
    }

    private String kafka() {
        return "Kafka at " + bootstrapServers;
    }
}
