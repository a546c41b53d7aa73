package dev.lockstep.relay;

import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Sends records in order and waits for them, for as long as Kafka may need, and gives up only when it is closed or when
 * Kafka refuses a record. After a refusal nothing else leaves, so that no later record of the same key gets ahead.
 */
final class KafkaSender implements AutoCloseable {
    private static final Duration SLICE = Duration.ofMillis(100);
    private static final Duration WORTH_TELLING = Duration.ofSeconds(3);

    private final Producer<byte[], byte[]> producer;
    private final String bootstrapServers;
    private final RelayHealth health;
    private final AtomicReference<@Nullable RelayException> refusal = new AtomicReference<>();

    private final AtomicInteger waiting = new AtomicInteger();

    private volatile long lastMove = System.nanoTime();
    private volatile boolean closing;

    KafkaSender(Producer<byte[], byte[]> producer, String bootstrapServers, RelayHealth health) {
        this.producer = producer;
        this.bootstrapServers = bootstrapServers;
        this.health = health;
    }

    /** A record on its way, and what to call it when it does not arrive. */
    record Sent(String what, String topic, Future<RecordMetadata> acknowledgement) {}

    /**
     * Hands a record to the producer. Blocks while the topic is unknown or the buffer is full.
     *
     * @throws RelayException if Kafka refused this record or one before it, or the sender is being closed
     */
    Sent send(String what, ProducerRecord<byte[], byte[]> record) throws InterruptedException {
        beginToWait();
        try {
            return sendPatiently(what, record);
        } finally {
            endToWait();
        }
    }

    /** As {@link #send}. A row of which no record can be made is told as one that Kafka refuses is. */
    Sent sendRow(OutboxRow row, OutboxRecords records) throws InterruptedException {
        return send("row " + row.id(), record(row, records));
    }

    /** Returns once Kafka has acknowledged the record. */
    void awaitAck(Sent sent) throws InterruptedException {
        beginToWait();
        try {
            awaitPatiently(sent);
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
        producer.close(Duration.ZERO);
    }

    private ProducerRecord<byte[], byte[]> record(OutboxRow row, OutboxRecords records) {
        try {
            return records.row(row);
        } catch (RelayException cause) {
            health.blocked(RelayException.reason(cause));
            throw cause;
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

    private Sent sendPatiently(String what, ProducerRecord<byte[], byte[]> record) throws InterruptedException {
        while (true) {
            throwIfOver();
            Sent sent = new Sent(what, record.topic(), tryToSend(what, record));
            Throwable failure = failureOf(sent);
            if (failure == null) {
                return sent;
            }
            // Only a record that never entered the producer's buffer times out here, so to try it again keeps the
            // order.
            if (!(failure instanceof TimeoutException)) {
                throw refused(what, record.topic(), failure);
            }
            health.blocked("outbox %s waits for topic %s: %s"
                    .formatted(what, record.topic(), connected() ? failure.getMessage() : unreachable()));
        }
    }

    private void awaitPatiently(Sent sent) throws InterruptedException {
        long start = System.nanoTime();
        while (true) {
            try {
                sent.acknowledgement().get(SLICE.toMillis(), TimeUnit.MILLISECONDS);
                return;
            } catch (java.util.concurrent.TimeoutException notYet) {
                throwIfOver();
                Duration waited = Duration.ofNanos(System.nanoTime() - start);
                if (waited.compareTo(WORTH_TELLING) > 0) {
                    health.troubled("%s has not acknowledged outbox %s for topic %s for %d s"
                            .formatted(kafka(), sent.what(), sent.topic(), waited.toSeconds()));
                }
            } catch (ExecutionException failure) {
                throwIfOver();
                throw refused(sent.what(), sent.topic(), failure);
            }
        }
    }

    private Future<RecordMetadata> tryToSend(String what, ProducerRecord<byte[], byte[]> record)
            throws InterruptedException {
        try {
            return producer.send(record, (metadata, failure) -> {
                if (failure != null && !(failure instanceof TimeoutException)) {
                    refused(what, record.topic(), failure);
                }
            });
        } catch (InterruptException interrupted) {
            Thread.interrupted();
            throw new InterruptedException("interrupted while sending outbox " + what);
        } catch (RuntimeException failure) {
            throwIfOver();
            throw refused(what, record.topic(), failure);
        }
    }

    // Runs on the producer's own thread too. Closed there and then, it does not get to send the batch behind the
    // refused one.
    private RelayException refused(String what, String topic, Throwable cause) {
        RelayException first = new RelayException(
                "outbox %s cannot be sent to topic %s: %s".formatted(what, topic, RelayException.reason(cause)), cause);
        if (!closing && refusal.compareAndSet(null, first)) {
            health.blocked(RelayException.reason(first));
            producer.close(Duration.ZERO);
        }
        RelayException known = refusal.get();
        return known == null ? first : known;
    }

    private void throwIfOver() {
        RelayException refused = refusal.get();
        if (refused != null) {
            throw refused;
        }
        if (closing) {
            throw new RelayException("the relay is being closed", null);
        }
    }

    private static @Nullable Throwable failureOf(Sent sent) {
        return sent.acknowledgement().state() == Future.State.FAILED
                ? sent.acknowledgement().exceptionNow()
                : null;
    }

    private boolean connected() {
        return producer.metrics().entrySet().stream()
                .filter(metric -> metric.getKey().name().equals("connection-count")
                        && metric.getKey().group().equals("producer-metrics"))
                .anyMatch(metric -> metric.getValue().metricValue() instanceof Double count && count > 0);
    }

    private String kafka() {
        return "Kafka at " + bootstrapServers;
    }

    private String unreachable() {
        return kafka() + " cannot be reached";
    }
}
