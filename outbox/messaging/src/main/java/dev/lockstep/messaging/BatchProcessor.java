package dev.lockstep.messaging;

import dev.lockstep.messaging.DeadLetterStore.DeadLetter;
import dev.lockstep.messaging.ParkedMessageStore.Position;
import dev.lockstep.messaging.ParkedMessageStore.TopicKey;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Applies polled records, each batch in one transaction that holds the inbox claims, the handler's work, what is parked and
 * what is dead. A batch that fails is halved until the record at fault stands alone; that one is put aside and all others are
 * applied. Only a failure that has nothing to do with the records comes out.
 */
final class BatchProcessor<M> {
    private static final Logger LOGGER = LoggerFactory.getLogger(BatchProcessor.class);

    private final Pool pool;
    private final ConsumerOptions options;
    private final MessageCodec<M> codec;
    private final MessageHandler<M> handler;
    private final MeterRegistry meters;
    private final MessageIds messageIds;
    private final Inbox inbox = new Inbox();
    private final ParkedMessageStore parked;
    private final DeadLetterStore deadLetters;
    private final AttemptStore attempts;

    BatchProcessor(
            Pool pool,
            ConsumerOptions options,
            MessageCodec<M> codec,
            MessageHandler<M> handler,
            MeterRegistry meters) {
        this.pool = pool;
        this.options = options;
        this.codec = codec;
        this.handler = handler;
        this.meters = meters;
        this.messageIds = new MessageIds(options.inboxRetention());
        this.parked = new ParkedMessageStore(options.group());
        this.deadLetters = new DeadLetterStore(options.group());
        this.attempts = new AttemptStore(options.group());
    }

    /** Counts the start of batches that begin at these offsets; completes with how often each was begun. */
    Future<Map<TopicPartition, Integer>> begin(Map<TopicPartition, Long> firstOffsets) {
        return attempts.begin(pool, firstOffsets);
    }

    /** Takes the count back, as far as the database can be reached: whoever calls this has not crashed. */
    Future<Void> survived(Map<TopicPartition, Long> firstOffsets) {
        return attempts.survived(pool, firstOffsets)
                .onFailure(cause -> LOGGER.atDebug().setCause(cause).log("a survived attempt stays counted"));
    }

    /**
     * Applies the records in order.
     *
     * @param applied told of each stretch of records as soon as its outcome is durable, also when a later one fails
     * @return completes when every record's outcome is durable; fails if the rest has to be tried again later
     */
    Future<Void> apply(List<Delivery> deliveries, Consumer<List<ConsumerRecord<byte[], byte[]>>> applied) {
        Instant now = Instant.now();
        List<Inbound<M>> batch = new ArrayList<>(deliveries.size());
        Future<Void> buried = Future.succeededFuture();
        for (Delivery delivery : deliveries) {
            if (delivery.starts() > options.maxAttempts()) {
                DeadLetter letter = new DeadLetter(
                        delivery.source(),
                        "CONSUMER_CRASHED",
                        "the process ended each time it handled this record",
                        delivery.starts() - 1,
                        now);
                buried = buried.compose(done -> bury(letter))
                        .onSuccess(done -> applied.accept(List.of(delivery.source())));
            } else {
                batch.add(Inbound.read(delivery.source(), messageIds.of(delivery.source(), now), codec));
            }
        }
        return buried.compose(done -> batch.isEmpty() ? nothing() : applyBatch(batch, applied));
    }

    private Future<Void> applyBatch(List<Inbound<M>> batch, Consumer<List<ConsumerRecord<byte[], byte[]>>> applied) {
        return inOneTransaction(batch)
                .recover(cause -> Failure.of(cause) == Failure.NOT_YET
                        ? Future.failedFuture(cause)
                        : narrow(batch, cause, applied))
                .onSuccess(done ->
                        applied.accept(batch.stream().map(Inbound::source).toList()));
    }

    private Future<Void> narrow(
            List<Inbound<M>> batch, Throwable cause, Consumer<List<ConsumerRecord<byte[], byte[]>>> applied) {
        if (batch.size() == 1) {
            return putAside(batch.getFirst(), cause);
        }
        int middle = batch.size() / 2;
        return applyBatch(batch.subList(0, middle), applied)
                .compose(firstHalf -> applyBatch(batch.subList(middle, batch.size()), applied));
    }

    private Future<Void> inOneTransaction(List<Inbound<M>> batch) {
        List<Inbound<M>> readable = batch.stream().filter(Inbound::readable).toList();
        List<DeadLetter> unreadable = batch.stream()
                .filter(each -> !each.readable())
                .map(BatchProcessor::unreadable)
                .toList();
        return pool.withTransaction(tx -> {
                    // Both at once on one connection: they are pipelined, so this is one round trip.
                    Future<Set<UUID>> claim = inbox.claim(tx, options.group(), ids(readable));
                    Future<Set<TopicKey>> waiting = parked.keysAmong(tx, keys(readable));
                    return Future.join(claim, waiting)
                            .compose(both -> write(tx, readable, claim.result(), waiting.result(), unreadable));
                })
                .onSuccess(handled -> {
                    count("handled", handled);
                    count("repeated", readable.size() - handled);
                    unreadable.forEach(this::reportDead);
                })
                .mapEmpty();
    }

    private Future<Integer> write(
            SqlConnection tx,
            List<Inbound<M>> readable,
            Set<UUID> claimed,
            Set<TopicKey> waitingKeys,
            List<DeadLetter> unreadable) {
        Set<UUID> unseen = new HashSet<>(claimed);
        List<Received<M>> toHandle = new ArrayList<>(readable.size());
        List<Inbound<M>> toPark = new ArrayList<>();
        for (Inbound<M> each : readable) {
            // Removing makes the second of two deliveries in one batch a repeat.
            if (unseen.remove(each.messageId())) {
                if (waitingKeys.contains(TopicKey.of(each.source()))) {
                    toPark.add(each);
                } else {
                    toHandle.add(each.received());
                }
            }
        }
        Future<Void> handled = toHandle.isEmpty() ? Future.succeededFuture() : handle(tx, toHandle);
        // After the handler, so that nothing is in the pipeline behind a statement of its that failed.
        return handled.compose(done ->
                        Future.join(parked.park(tx, toPark, 0, null, Duration.ZERO), deadLetters.add(tx, unreadable)))
                .map(toHandle.size() + toPark.size());
    }

    private Future<Void> handle(SqlConnection tx, List<Received<M>> messages) {
        try {
            return handler.handle(tx, messages);
        } catch (RuntimeException thrown) {
            return Future.failedFuture(thrown);
        }
    }

    private Future<Void> putAside(Inbound<M> message, Throwable cause) {
        Instant now = Instant.now();
        if (cause instanceof UnprocessableMessageException never) {
            return bury(DeadLetter.unprocessable(message.source(), never, 1, now));
        }
        if (options.maxAttempts() <= 1) {
            return bury(exhausted(message.source(), cause, 1, now));
        }
        return inTransaction(tx -> inbox.claim(tx, options.group(), List.of(message.messageId()))
                        .compose(claimed -> claimed.isEmpty()
                                ? nothing()
                                : parked.park(tx, List.of(message), 1, describe(cause), backoff(1))))
                .onSuccess(done -> {
                    count("parked", 1);
                    at(LOGGER.atWarn(), message.source())
                            .setCause(cause)
                            .log("handling failed, parked the message and its key");
                });
    }

    private Future<Void> bury(DeadLetter letter) {
        return inTransaction(tx -> deadLetters.add(tx, List.of(letter))).onSuccess(done -> reportDead(letter));
    }

    private Future<Void> inTransaction(Function<SqlConnection, Future<Void>> work) {
        return pool.withTransaction(work).mapEmpty();
    }

    /** Tries the parked messages that are due on these partitions. Completes with whether there may be more at once. */
    Future<Boolean> retryDue(Collection<TopicPartition> partitions) {
        return parked.due(pool, partitions).compose(due -> {
            Future<Void> tried = Future.succeededFuture();
            for (Position position : due) {
                tried = tried.compose(done -> retry(position));
            }
            return tried.map(!due.isEmpty());
        });
    }

    private Future<Void> retry(Position position) {
        return pool.withTransaction(tx -> parked.lock(tx, position)
                        .compose(found -> found.isEmpty() ? nothing() : handleParked(tx, position, found.get())))
                .recover(cause -> Failure.of(cause) == Failure.NOT_YET
                        ? Future.failedFuture(cause)
                        : pool.withTransaction(tx -> parked.lock(tx, position)
                                .compose(found ->
                                        found.isEmpty() ? nothing() : failedAgain(tx, position, found.get(), cause))));
    }

    private Future<Void> handleParked(SqlConnection tx, Position position, ParkedMessageStore.Parked message) {
        Inbound<M> inbound = Inbound.read(message.source(), message.messageId(), codec);
        return handle(tx, List.of(inbound.received())).compose(handled -> parked.remove(tx, position));
    }

    private static Future<Void> nothing() {
        return Future.succeededFuture();
    }

    private Future<Void> failedAgain(
            SqlConnection tx, Position position, ParkedMessageStore.Parked message, Throwable cause) {
        int attempts = message.attempts() + 1;
        if (cause instanceof UnprocessableMessageException || attempts >= options.maxAttempts()) {
            DeadLetter letter = cause instanceof UnprocessableMessageException never
                    ? DeadLetter.unprocessable(message.source(), never, attempts, message.firstAt())
                    : exhausted(message.source(), cause, attempts, message.firstAt());
            // The claim is given back, or a replay of the dead letter would be taken for a repeat.
            return parked.remove(tx, position)
                    .compose(removed -> inbox.release(tx, options.group(), message.messageId()))
                    .compose(released -> deadLetters.add(tx, List.of(letter)))
                    .onSuccess(added -> reportDead(letter));
        }
        at(LOGGER.atWarn(), message.source())
                .addKeyValue("attempt", attempts)
                .addKeyValue("error", describe(cause))
                .log("a parked message failed again");
        return parked.postpone(tx, position, attempts, describe(cause), backoff(attempts));
    }

    // Half of it fixed and half of it random, so that keys which failed together are not all tried together.
    private Duration backoff(int attempts) {
        long longest = Math.min(
                options.maxRetryBackoff().toMillis(), options.retryBackoff().toMillis() << Math.min(attempts - 1, 20));
        return Duration.ofMillis(longest / 2 + ThreadLocalRandom.current().nextLong(longest / 2 + 1));
    }

    private static DeadLetter exhausted(
            ConsumerRecord<byte[], byte[]> record, Throwable cause, int attempts, Instant firstAt) {
        return new DeadLetter(record, "HANDLER_FAILED", describe(cause), attempts, firstAt);
    }

    private static DeadLetter unreadable(Inbound<?> record) {
        return DeadLetter.unprocessable(record.source(), Objects.requireNonNull(record.unreadable()), 1, Instant.now());
    }

    private static String describe(Throwable cause) {
        return cause.getClass().getName() + ": " + cause.getMessage();
    }

    private static List<UUID> ids(List<? extends Inbound<?>> messages) {
        return messages.stream().map(Inbound::messageId).collect(Collectors.toList());
    }

    private static Set<TopicKey> keys(List<? extends Inbound<?>> messages) {
        Set<TopicKey> keys = new HashSet<>();
        for (Inbound<?> message : messages) {
            @Nullable TopicKey key = TopicKey.of(message.source());
            if (key != null) {
                keys.add(key);
            }
        }
        return keys;
    }

    private void reportDead(DeadLetter letter) {
        count("dead", 1);
        at(LOGGER.atWarn(), letter.source())
                .addKeyValue("reason", letter.reason())
                .addKeyValue("error", letter.error())
                .log("a message is a dead letter");
    }

    private void count(String outcome, int messages) {
        meters.counter("lockstep.consumer.messages", "group", options.group(), "outcome", outcome)
                .increment(messages);
    }

    private LoggingEventBuilder at(LoggingEventBuilder event, ConsumerRecord<byte[], byte[]> record) {
        return event.addKeyValue("service", options.group())
                .addKeyValue("type", Headers.text(record, "ce_type"))
                .addKeyValue("topic", record.topic())
                .addKeyValue("partition", record.partition())
                .addKeyValue("offset", record.offset());
    }
}
