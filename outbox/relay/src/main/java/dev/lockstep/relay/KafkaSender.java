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
 * Hands records to Kafka and waits for their acknowledgements, for as long as Kafka may need. A record that Kafka refuses is told apart from
 * one that has to wait because Kafka is away: only the first has a {@link Refusal}.
 *
 * <p>A producer that was refused a record is given up on the spot, before it sends the one behind it, and with it everything that it had not
 * sent. {@link OrderedSender} sends that again through the next producer.
 */
final class KafkaSender implements AutoCloseable {
    private static final Duration SLICE = Duration.ofMillis(100);
    private static final Duration WORTH_TELLING = Duration.ofSeconds(3);
    private static final Duration WORTH_ASKING = Duration.ofSeconds(1);
    private static final Duration SELDOM = Duration.ofSeconds(5);
    private static final Duration BLOCKED = Duration.ofSeconds(5);

    private static final Future<RecordMetadata> NOT_SENT =
            CompletableFuture.failedFuture(new IllegalStateException("the record was not sent"));

    private final Supplier<Producer<byte[], byte[]>> producers;
    private final String bootstrapServers;
    private final TopicProbe topics;
    private final RelayHealth health;
    private final AtomicReference<@Nullable RelayException> failure = new AtomicReference<>();

    private final AtomicInteger waiting = new AtomicInteger();

    private @Nullable Session session;
    private volatile long lastMove = System.nanoTime();
    private volatile boolean closing;

    /** @param producers makes a producer, for the first record and after each one that was given up */
    KafkaSender(
            Supplier<Producer<byte[], byte[]>> producers,
            String bootstrapServers,
            TopicProbe topics,
            RelayHealth health) {
        this.producers = producers;
        this.bootstrapServers = bootstrapServers;
        this.topics = topics;
        this.health = health;
    }

    /** A producer until it is given up. What was handed to it and not acknowledged by then may or may not have reached Kafka. */
    static final class Session {
        private final Producer<byte[], byte[]> producer;
        private volatile boolean givenUp;

        private Session(Producer<byte[], byte[]> producer) {
            this.producer = producer;
        }

        // Runs on the producer's own thread too. Closed there and then, it does not get to send the next batch.
        void giveUp() {
            givenUp = true;
            producer.close(Duration.ZERO);
        }
    }

    /**
     * A record on its way, or one that did not get that far.
     *
     * @param refusal why it did not, or null if it is on its way
     */
    record Sent(
            Session session,
            Outgoing outgoing,
            Future<RecordMetadata> acknowledgement,
            @Nullable Refusal refusal) {
        private static Sent failed(Session session, Outgoing outgoing, Refusal refusal) {
            return new Sent(session, outgoing, NOT_SENT, refusal);
        }
    }

    /** The producer in use. Makes one if there is none, or if the last one was given up. */
    synchronized Session session() {
        throwIfOver();
        Session current = session;
        if (current == null || current.givenUp) {
            current = new Session(newProducer());
            session = current;
        }
        return current;
    }

    // Callers retry after a RelayException. The cause may be temporary, such as a broker name that cannot be resolved.
    private Producer<byte[], byte[]> newProducer() {
        try {
            return producers.get();
        } catch (KafkaException cause) {
            throw new RelayException("no producer could be made: " + RelayException.reason(cause), cause);
        }
    }

    /**
     * Hands a record to the producer. Blocks while Kafka does not tell about the topic, or the buffer is full.
     *
     * @param followed whether other records of its topic and key may be handed over before this one is acknowledged. If it is refused then, the
     *     producer is given up before it sends them
     * @throws RelayException if nothing can be sent at all, or the sender is being closed
     */
    Sent send(Session by, Outgoing outgoing, boolean followed) throws InterruptedException {
        beginToWait();
        try {
            return sendPatiently(by, outgoing, followed);
        } finally {
            endToWait();
        }
    }

    /**
     * Returns once Kafka has acknowledged the record or refused it.
     *
     * @return null if it was acknowledged
     */
    @Nullable
    Refusal awaitAck(Sent sent) throws InterruptedException {
        if (sent.refusal() != null) {
            return sent.refusal();
        }
        beginToWait();
        try {
            return awaitPatiently(sent);
        } finally {
            endToWait();
        }
    }

    /** For how long nothing has been acknowledged, nor taken into the buffer, though somebody waits for that. */
    Duration unanswered() {
        return waiting.get() == 0 ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - lastMove);
    }

    /** Ends all waiting at once. What is not acknowledged by then will be sent again by whoever leads next. */
    @Override
    public void close() {
        closing = true;
        synchronized (this) {
            if (session != null) {
                session.giveUp();
            }
        }
    }

    private void beginToWait() {
        if (waiting.get() == 0) {
            lastMove = System.nanoTime();
        }
        waiting.incrementAndGet();
    }

    private void endToWait() {
        lastMove = System.nanoTime();
        waiting.decrementAndGet();
    }

    private Sent sendPatiently(Session by, Outgoing outgoing, boolean followed) throws InterruptedException {
        ProducerRecord<byte[], byte[]> record = outgoing.record();
        if (record == null) {
            return Sent.failed(by, outgoing, outgoing.unsendable());
        }
        long start = System.nanoTime();
        Doubts doubts = new Doubts(outgoing.topic());
        while (true) {
            throwIfOver();
            if (by.givenUp) {
                return Sent.failed(by, outgoing, Refusal.GIVEN_UP);
            }
            Attempt attempt = tryToSend(by, record, followed);
            Throwable cause = attempt.failure();
            if (cause == null) {
                return new Sent(by, outgoing, attempt.acknowledgement(), null);
            }
            // Only a record that never entered the producer's buffer times out here, so to try it again keeps the
            // order.
            if (!(cause instanceof TimeoutException)) {
                return Sent.failed(by, outgoing, refusal(by, outgoing, cause));
            }
            Duration waited = since(start);
            Refusal refusal = connected(by) ? doubts.settle(waited) : null;
            if (refusal != null) {
                return Sent.failed(by, outgoing, refusal);
            }
            tellThatItWaits(
                    "outbox %s waits for topic %s: %s"
                            .formatted(
                                    outgoing.what(),
                                    outgoing.topic(),
                                    connected(by) ? cause.getMessage() : kafka() + " cannot be reached"),
                    waited);
        }
    }

    private void tellThatItWaits(String sentence, Duration waited) {
        if (waited.compareTo(BLOCKED) < 0) {
            health.troubled(sentence);
        } else {
            health.blocked(sentence);
        }
    }

    private @Nullable Refusal awaitPatiently(Sent sent) throws InterruptedException {
        long start = System.nanoTime();
        Doubts doubts = new Doubts(sent.outgoing().topic());
        while (true) {
            try {
                sent.acknowledgement().get(SLICE.toMillis(), TimeUnit.MILLISECONDS);
                return null;
            } catch (java.util.concurrent.TimeoutException notYet) {
                throwIfOver();
                Duration waited = since(start);
                if (waited.compareTo(WORTH_TELLING) > 0) {
                    health.troubled("%s has not acknowledged outbox %s for topic %s for %d s"
                            .formatted(
                                    kafka(),
                                    sent.outgoing().what(),
                                    sent.outgoing().topic(),
                                    waited.toSeconds()));
                }
                Refusal refusal = doubts.areDue(waited) && connected(sent.session()) ? doubts.settle(waited) : null;
                if (refusal != null) {
                    // The producer would try for ever, and keeps the record until it succeeds.
                    sent.session().giveUp();
                    return refusal;
                }
            } catch (ExecutionException failed) {
                throwIfOver();
                Throwable cause = failed.getCause();
                return refusal(sent.session(), sent.outgoing(), cause == null ? failed : cause);
            }
        }
    }

    /** What an attempt to hand over a record came to. */
    private record Attempt(
            Future<RecordMetadata> acknowledgement,
            @Nullable Throwable failure) {}

    private Attempt tryToSend(Session by, ProducerRecord<byte[], byte[]> record, boolean followed)
            throws InterruptedException {
        Watch watch = new Watch(by, followed);
        try {
            Future<RecordMetadata> acknowledgement = by.producer.send(record, watch);
            watch.underWay = true;
            return new Attempt(acknowledgement, failureOf(acknowledgement));
        } catch (InterruptException interrupted) {
            Thread.interrupted();
            throw new InterruptedException("interrupted while sending to topic " + record.topic());
        } catch (RuntimeException cause) {
            throwIfOver();
            return new Attempt(NOT_SENT, cause);
        }
    }

    /** Gives up the producer when a record is refused that others may follow. */
    private final class Watch implements Callback {
        private final Session by;
        private final boolean followed;
        private final Thread sender = Thread.currentThread();
        private volatile boolean underWay;

        private Watch(Session by, boolean followed) {
            this.by = by;
            this.followed = followed;
        }

        @Override
        public void onCompletion(@Nullable RecordMetadata metadata, @Nullable Exception cause) {
            if (cause == null || closing || by.givenUp || cause instanceof TimeoutException) {
                return;
            }
            // The thread that hands the record over is told at once if it never entered the buffer: nothing is behind
            // it.
            boolean neverSent = Thread.currentThread() == sender && !underWay;
            if (!neverSent && (followed || Refusal.of(cause).isEmpty())) {
                by.giveUp();
            }
        }
    }

    private Refusal refusal(Session by, Outgoing outgoing, Throwable cause) {
        Optional<Refusal> refusal = Refusal.of(cause);
        boolean closed = cause instanceof IllegalStateException
                || refusal.filter(known -> known.isOf(Refusal.Scope.NONE)).isPresent();
        return by.givenUp && closed ? Refusal.GIVEN_UP : refusal.orElseThrow(() -> failed(by, outgoing, cause));
    }

    private RelayException failed(Session by, Outgoing outgoing, Throwable cause) {
        RelayException first = new RelayException(
                "outbox %s cannot be sent to topic %s: %s"
                        .formatted(outgoing.what(), outgoing.topic(), RelayException.reason(cause)),
                cause);
        if (!closing && failure.compareAndSet(null, first)) {
            health.blocked(RelayException.reason(first));
            by.giveUp();
        }
        RelayException known = failure.get();
        return known == null ? first : known;
    }

    private void throwIfOver() {
        RelayException failed = failure.get();
        if (failed != null) {
            throw failed;
        }
        if (closing) {
            throw new RelayException("the relay is being closed", null);
        }
    }

    /** Whether Kafka refuses the topic, asked ever more seldom while a record waits. */
    private final class Doubts {
        private final String topic;
        private Duration nextQuestion = WORTH_ASKING;
        private boolean waitedBefore;

        private Doubts(String topic) {
            this.topic = topic;
        }

        boolean areDue(Duration waited) {
            return waited.compareTo(nextQuestion) >= 0;
        }

        private static Duration later(Duration waited) {
            return waited.plus(waited.compareTo(SELDOM) < 0 ? waited : SELDOM);
        }

        /** Null unless it is refused. */
        @Nullable
        Refusal settle(Duration waited) throws InterruptedException {
            nextQuestion = later(waited);
            Finding finding = topics.ask(topic);
            boolean refused = switch (finding.state()) {
                case MISSING, REFUSED -> true;
                // Leaders change, and brokers start: seen once it means nothing.
                case WAITING -> waitedBefore && waited.compareTo(WORTH_TELLING) > 0;
                case USABLE, UNKNOWN -> false;
            };
            waitedBefore = finding.state() == TopicProbe.State.WAITING;
            return refused ? new Refusal(Refusal.Scope.TOPIC, finding.reason()) : null;
        }
    }

    private static @Nullable Throwable failureOf(Future<RecordMetadata> acknowledgement) {
        return acknowledgement.state() == Future.State.FAILED ? acknowledgement.exceptionNow() : null;
    }

    private static Duration since(long start) {
        return Duration.ofNanos(System.nanoTime() - start);
    }

    private static boolean connected(Session session) {
        return session.producer.metrics().entrySet().stream()
                .filter(metric -> metric.getKey().name().equals("connection-count")
                        && metric.getKey().group().equals("producer-metrics"))
                .anyMatch(metric -> metric.getValue().metricValue() instanceof Double count && count > 0);
    }

    private String kafka() {
        return "Kafka at " + bootstrapServers;
    }
}
