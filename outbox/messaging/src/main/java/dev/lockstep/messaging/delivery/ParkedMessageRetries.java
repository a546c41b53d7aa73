package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.deadletter.DeadLetterStore.DeadLetter;
import dev.lockstep.messaging.delivery.DeliveryEventStore.DeliveryEvent;
import dev.lockstep.messaging.delivery.DeliveryEventStore.DeliveryEventType;
import dev.lockstep.messaging.delivery.ParkedMessage.ParkedPosition;
import dev.lockstep.messaging.delivery.ParkedMessage.Position;
import dev.lockstep.messaging.delivery.ParkedMessage.PredecessorWait;
import dev.lockstep.messaging.delivery.ParkedMessageProcessor.DecodedParkedMessage;
import dev.lockstep.messaging.failure.FailureClassifier;
import dev.lockstep.messaging.failure.FailureKind;
import dev.lockstep.messaging.failure.UnprocessableMessageException;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.messaging.outbox.OutboxMessage;
import dev.lockstep.messaging.outbox.ResendRequested;
import dev.lockstep.messaging.transaction.BoundedTransactions;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Retries the first parked message of each key. If the predecessor of that message is parked further back, the predecessor is retried
 * first.
 *
 * <pre>
 *  first of its key is due ─┬─ predecessor is handled or dead ──────▶ handled, or postponed, or becomes a dead letter
 *                           ├─ predecessor is parked further back ──▶ predecessor is retried first
 *                           └─ predecessor is missing ──────────────▶ waits, asks its sender, finally becomes a dead letter
 * </pre>
 *
 * <p>{@link ParkedBatchRetries} first retries together the messages that were never started. The others are retried one at a time, because
 * a message that was started before may be the one that crashes the process.
 */
final class ParkedMessageRetries<M> {
    private static final long MAX_ROUND_NANOS = TimeUnit.SECONDS.toNanos(2);
    // Bounded, because each of them may have waited for a lock.
    private static final int MAX_UNCOUNTED_FAILURES = 5;
    // A joint retry counts a start for every message in it, so one start does not prove that a message crashes the
    // process.
    private static final int MIN_STARTS = 2;

    private final BoundedTransactions transactions;
    private final ConsumerOptions options;
    private final ParkedMessageProcessor<M> processor;
    private final ParkedBatchRetries<M> batchRetries;
    private final Inbox inbox = new Inbox();
    private final Outbox outbox = new Outbox();
    private final ParkedMessageStore parked;
    private final ParkedStartStore starts;
    private final PredecessorWaitStore waits;
    private final SequenceGapStore sequenceGaps;
    private final DeliveryFailures failures;
    // Messages whose counted starts this process survived. Their next start resets the count.
    private final Set<Position> survivedStarts = new HashSet<>();
    private int uncountedFailures;

    ParkedMessageRetries(
            BoundedTransactions transactions,
            ConsumerOptions options,
            ParkedMessageProcessor<M> processor,
            ParkedMessageStore parked,
            SequenceGapStore sequenceGaps,
            DeliveryFailures failures) {
        this.transactions = transactions;
        this.options = options;
        this.processor = processor;
        this.batchRetries = new ParkedBatchRetries<>(transactions, options, processor, parked, sequenceGaps, failures);
        this.parked = parked;
        this.starts = new ParkedStartStore(options.group());
        this.waits = new PredecessorWaitStore(options.group());
        this.sequenceGaps = sequenceGaps;
        this.failures = failures;
    }

    /**
     * The result of one attempt.
     *
     * @param removed whether the message has left the table
     * @param next the message to retry next
     * @param report logs and counts the result; called after the commit
     */
    private record Outcome(boolean removed, Optional<Position> next, Runnable report) {
        static final Outcome STILL_PARKED = new Outcome(false, Optional.empty(), () -> {});
        static final Outcome REMOVED = new Outcome(true, Optional.empty(), () -> {});

        static Outcome stillParked(Runnable report) {
            return new Outcome(false, Optional.empty(), report);
        }
    }

    /**
     * Retries the messages that are due on these partitions, and those that become due as a result. Starts no further attempt after two
     * seconds, or after five attempts that failed transiently, for instance because of a locked row. Fails if the database is unavailable.
     */
    Future<Void> retryDue(RetriedPartitions partitions) {
        uncountedFailures = 0;
        survivedStarts.removeIf(position -> !partitions.contains(position.topicPartition()));
        batchRetries.retain(partitions);
        // The query for due messages does not count towards the two seconds.
        return due(partitions).compose(due -> retry(partitions, due, System.nanoTime()));
    }

    private Future<List<Position>> due(RetriedPartitions partitions) {
        return withConnection(connection -> parked.due(connection, partitions));
    }

    private Future<Void> retry(RetriedPartitions partitions, List<Position> due, long begun) {
        return retryTogether(due)
                .compose(first -> retryTogether(first.next()).compose(second -> {
                    Future<Boolean> any = Future.succeededFuture(
                            !first.settled().isEmpty() || !second.settled().isEmpty());
                    for (Position position : Stream.concat(due.stream(), first.next().stream())
                            .filter(each -> !first.settled().contains(each))
                            .filter(each -> !second.settled().contains(each))
                            .toList()) {
                        any = any.compose(before -> isRoundOver(begun)
                                ? Future.succeededFuture(before)
                                : retry(position, new HashSet<>()).map(had -> had || before));
                    }
                    // A message that another consumer has locked stays due, so the round is repeated only if it could
                    // retry a message.
                    return any.compose(had -> had && !isRoundOver(begun)
                            ? due(partitions).compose(next -> retry(partitions, next, begun))
                            : Future.succeededFuture());
                }));
    }

    private Future<ParkedBatchRetries.Result> retryTogether(List<Position> positions) {
        return batchRetries.retry(positions).onSuccess(result -> {
            survivedStarts.addAll(result.begun());
            survivedStarts.removeAll(result.settled());
        });
    }

    private boolean isRoundOver(long begun) {
        return uncountedFailures >= MAX_UNCOUNTED_FAILURES || System.nanoTime() - begun >= MAX_ROUND_NANOS;
    }

    // Completes with false if the message is gone or locked by another transaction.
    private Future<Boolean> retry(Position position, Set<Position> followed) {
        // This process survived the attempt, so it does not count as a crash.
        boolean survived = survivedStarts.contains(position);
        return withConnection(connection -> starts.countStart(connection, position, survived))
                .compose(counted -> {
                    survivedStarts.remove(position);
                    if (counted == 0) {
                        batchRetries.forget(position);
                        return Future.succeededFuture(false);
                    }
                    return attemptOrGiveUp(position, counted, followed).compose(outcome -> {
                        outcome.report().run();
                        if (outcome.removed()) {
                            batchRetries.forget(position);
                        }
                        return outcome.next()
                                .map(next -> retry(next, followed))
                                .orElseGet(() -> Future.succeededFuture(true));
                    });
                });
    }

    private Future<Outcome> attemptOrGiveUp(Position position, int counted, Set<Position> followed) {
        if (counted > Math.max(options.retries().maxAttempts(), MIN_STARTS)) {
            return withLocked(position, (tx, message) -> crashed(tx, message, counted - 1));
        }
        if (!followed.add(position)) {
            return withLocked(position, (tx, message) -> failedAgain(tx, message, SequenceGap.sequenceLoop()));
        }
        return attempt(position);
    }

    private Future<Outcome> attempt(Position position) {
        return withLocked(position, this::attempt)
                .recover(cause -> withLocked(
                        position,
                        (tx, message) -> isUncounted(cause)
                                ? postponeUncounted(tx, message, cause)
                                : failedAgain(tx, message, cause)))
                .onFailure(cause -> survivedStarts.add(position));
    }

    private static boolean isUncounted(Throwable cause) {
        FailureKind kind = FailureClassifier.classify(cause);
        return kind == FailureKind.UNAVAILABLE || kind == FailureKind.TRANSIENT;
    }

    // The attempt is not counted. If the database is unavailable, this transaction fails too. Otherwise other messages
    // need not wait.
    private Future<Outcome> postponeUncounted(SqlConnection tx, ParkedMessage message, Throwable cause) {
        uncountedFailures++;
        String error = DeliveryFailures.describe(cause);
        return parked.postpone(
                        tx, message.position(), message.attempts(), error, failures.uncountedBackoff(message.firstAt()))
                .map(Outcome.stillParked(() -> failures.reportStillParked(message.source(), error)));
    }

    private Future<Outcome> crashed(SqlConnection tx, ParkedMessage message, int crashes) {
        return deadLetter(
                tx, message, DeadLetter.crashed(message.source(), message.attempts() + crashes, message.firstAt()));
    }

    private Future<Outcome> withLocked(
            Position position, BiFunction<SqlConnection, ParkedMessage, Future<Outcome>> work) {
        return transactions.run(
                BatchLimits.SINGLE_RETRY,
                tx -> parked.lock(tx, List.of(position))
                        .compose(found -> found.isEmpty()
                                ? Future.succeededFuture(Outcome.REMOVED)
                                : work.apply(tx, found.getFirst())));
    }

    private <T> Future<T> withConnection(Function<SqlConnection, Future<T>> work) {
        return transactions.withConnection(BatchLimits.BOOKKEEPING.transaction(), work);
    }

    private Future<Outcome> attempt(SqlConnection tx, ParkedMessage message) {
        DecodedParkedMessage<M> candidate = processor.read(message);
        UUID previous = candidate.decoded().previousId();
        if (previous == null) {
            return handle(tx, candidate);
        }
        return sequenceGaps
                .findWithoutPredecessor(tx, List.of(candidate.decoded()))
                .compose(missing -> missing.isEmpty()
                        ? parked.find(tx, List.of(previous)).compose(found -> {
                            ParkedPosition before = found.get(previous);
                            return before == null
                                    ? handle(tx, candidate)
                                    : waitForParkedPredecessor(tx, message, previous, before);
                        })
                        : waitForMissingPredecessor(tx, message, previous));
    }

    private Future<Outcome> handle(SqlConnection tx, DecodedParkedMessage<M> candidate) {
        UnprocessableMessageException unreadable = candidate.decoded().decodeFailure();
        return unreadable != null
                ? Future.failedFuture(unreadable)
                : processor.apply(tx, List.of(candidate)).map(Outcome.REMOVED);
    }

    // The predecessor has arrived behind this message. It is retried at once if it is due; otherwise both wait until it
    // is.
    private Future<Outcome> waitForParkedPredecessor(
            SqlConnection tx, ParkedMessage message, UUID previous, ParkedPosition before) {
        return waits.waitBehind(tx, message.position(), previous, before.dueIn())
                .map(waiting -> before.dueIn().isPositive()
                        ? Outcome.STILL_PARKED
                        : new Outcome(false, Optional.of(before.position()), () -> {}));
    }

    private Future<Outcome> waitForMissingPredecessor(SqlConnection tx, ParkedMessage message, UUID previous) {
        @Nullable PredecessorWait wait = message.waitFor(previous);
        if (wait == null) {
            return waits.waitFor(
                            tx,
                            message.position(),
                            previous,
                            SequenceGap.describe(previous),
                            options.gaps().resendAfter())
                    .compose(waiting -> failures.recordEvents(
                            tx, deliveryEvent(message, DeliveryEventType.GAP_SEEN, SequenceGap.describe(previous))))
                    .map(Outcome.stillParked(() -> failures.reportGap(message.source(), previous)));
        }
        Duration waited = wait.waited();
        if (waited.compareTo(options.gaps().giveUpAfter()) >= 0) {
            return sequenceGaps
                    .isRequestPending(tx, message.source(), previous)
                    .compose(pending ->
                            pending ? restartWait(tx, message, previous) : deadLetterGap(tx, message, previous));
        }
        Duration untilAsking =
                SequenceGap.resendRequestDelay(options, wait.resendRequests()).minus(waited);
        if (untilAsking.isPositive()) {
            return waits.recordResendRequest(tx, message.position(), wait.resendRequests(), untilAsking)
                    .map(Outcome.STILL_PARKED);
        }
        int asked = wait.resendRequests() + 1;
        Optional<OutboxMessage> request = ResendRequested.forMessage(message.source(), previous);
        return outbox.append(tx, request.stream().toList())
                .compose(appended -> request.isEmpty()
                        ? Future.<Void>succeededFuture()
                        : failures.recordEvents(
                                tx,
                                deliveryEvent(
                                        message, DeliveryEventType.RESEND_REQUESTED, SequenceGap.describe(previous))))
                .compose(noted -> waits.recordResendRequest(
                        tx,
                        message.position(),
                        asked,
                        SequenceGap.resendRequestDelay(options, asked).minus(waited)))
                .map(Outcome.STILL_PARKED);
    }

    // The request is not in Kafka yet, so the sender cannot have answered it.
    private Future<Outcome> restartWait(SqlConnection tx, ParkedMessage message, UUID previous) {
        return waits.waitFor(
                        tx,
                        message.position(),
                        previous,
                        SequenceGap.describe(previous),
                        options.gaps().resendAfter())
                .map(Outcome.STILL_PARKED);
    }

    private Future<Outcome> deadLetterGap(SqlConnection tx, ParkedMessage message, UUID previous) {
        return deadLetter(
                tx,
                message,
                new DeadLetter(
                        message.source(),
                        SequenceGap.REASON,
                        SequenceGap.describe(previous),
                        null,
                        message.attempts(),
                        message.firstAt()));
    }

    private Future<Outcome> failedAgain(SqlConnection tx, ParkedMessage message, Throwable cause) {
        int attempts = message.attempts() + 1;
        Optional<UnprocessableMessageException> permanent = FailureClassifier.findPermanent(cause);
        if (permanent.isPresent() || attempts >= options.retries().maxAttempts()) {
            return deadLetter(
                    tx,
                    message,
                    permanent
                            .map(failure ->
                                    DeadLetter.unprocessable(message.source(), failure, attempts, message.firstAt()))
                            .orElseGet(() ->
                                    DeliveryFailures.exhausted(message.source(), cause, attempts, message.firstAt())));
        }
        String error = DeliveryFailures.describe(cause);
        return parked.postpone(tx, message.position(), attempts, error, failures.backoff(attempts))
                .compose(postponed -> failures.recordEvents(
                        tx,
                        new DeliveryEvent(
                                message.source(),
                                message.messageId(),
                                DeliveryEventType.FAILED_AGAIN,
                                attempts,
                                error)))
                .map(Outcome.stillParked(() -> failures.reportFailedAgain(message.source(), attempts, error)));
    }

    private Future<Outcome> deadLetter(SqlConnection tx, ParkedMessage message, DeadLetter deadLetter) {
        // The claim is released; otherwise a replay of the dead letter would count as a repeat.
        return parked.remove(tx, List.of(message.position()))
                .compose(removed -> inbox.release(tx, options.group(), message.messageId()))
                .compose(released -> failures.deadLetter(tx, List.of(deadLetter.redeliveryOf(message.deadLetter()))))
                .map(new Outcome(true, Optional.empty(), () -> failures.reportDeadLetter(deadLetter)));
    }

    private static DeliveryEvent deliveryEvent(ParkedMessage message, DeliveryEventType event, String error) {
        return new DeliveryEvent(message.source(), message.messageId(), event, message.attempts(), error);
    }
}
