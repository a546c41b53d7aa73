package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.deadletter.DeadLetterStore.DeadLetter;
import dev.lockstep.messaging.failure.FailureClassifier;
import dev.lockstep.messaging.failure.UnprocessableMessageException;
import dev.lockstep.messaging.transaction.BoundedTransactions;
import io.vertx.core.Future;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * Parks messages that failed in a batch, or makes them dead letters. Each method runs a transaction of its own and completes when it is
 * committed.
 */
final class FailedMessages {
    private final BoundedTransactions transactions;
    private final ConsumerOptions options;
    private final Inbox inbox;
    private final DeliveryFailures failures;

    FailedMessages(BoundedTransactions transactions, ConsumerOptions options, Inbox inbox, DeliveryFailures failures) {
        this.transactions = transactions;
        this.options = options;
        this.inbox = inbox;
        this.failures = failures;
    }

    /** Parks messages that are not at fault. This does not count as an attempt. */
    Future<Void> parkUncounted(List<? extends DecodedRecord<?>> messages, Throwable cause) {
        String error = DeliveryFailures.describe(cause);
        List<? extends DecodedRecord<?>> readable =
                messages.stream().filter(DecodedRecord::isDecoded).toList();
        List<DeadLetter> unreadable = messages.stream()
                .filter(each -> !each.isDecoded())
                .map(BatchProcessor::toDeadLetter)
                .toList();
        return transactions
                .run(
                        BatchLimits.BOOKKEEPING,
                        tx -> inbox.claim(tx, options.group(), readable)
                                .compose(claimed -> failures.park(
                                        tx,
                                        readable.stream()
                                                .filter(each -> claimed.remove(each.messageId()))
                                                .map(each -> new ParkRequest(each, 0, error, failures.backoff(1), null))
                                                .toList()))
                                .compose(parked -> failures.deadLetter(tx, unreadable)))
                .onSuccess(done -> {
                    unreadable.forEach(failures::reportDeadLetter);
                    failures.reportParkedUncounted(readable, cause);
                });
    }

    /** Parks a message that is at fault, or makes it a dead letter if it can never be handled or may not be attempted again. */
    Future<Void> parkOrDeadLetter(DecodedRecord<?> message, Throwable cause) {
        Instant now = Instant.now();
        Optional<UnprocessableMessageException> permanent = FailureClassifier.findPermanent(cause);
        if (permanent.isPresent()) {
            return deadLetter(List.of(DeadLetter.unprocessable(message.source(), permanent.get(), 1, now)));
        }
        if (options.retries().maxAttempts() <= 1) {
            return deadLetter(List.of(DeliveryFailures.exhausted(message.source(), cause, 1, now)));
        }
        ParkRequest parking = new ParkRequest(message, 1, DeliveryFailures.describe(cause), failures.backoff(1), null);
        return transactions
                .run(
                        BatchLimits.BOOKKEEPING,
                        tx -> inbox.claim(tx, options.group(), List.of(message))
                                .compose(claimed -> claimed.isEmpty()
                                        ? Future.<Void>succeededFuture()
                                        : failures.park(tx, List.of(parking))))
                .onSuccess(done -> failures.reportParked(message.source(), cause));
    }

    /** Stores dead letters for messages that were not claimed. */
    Future<Void> deadLetter(List<DeadLetter> deadLetters) {
        return transactions
                .run(BatchLimits.BOOKKEEPING, tx -> failures.deadLetter(tx, deadLetters))
                .onSuccess(done -> deadLetters.forEach(failures::reportDeadLetter));
    }

    /** Stores a dead letter unless the message is handled or parked: a start that could not be cleared does not prove a crash. */
    Future<Void> deadLetterUnlessClaimed(UUID messageId, DeadLetter deadLetter) {
        return transactions
                .withConnection(
                        BatchLimits.BOOKKEEPING.transaction(),
                        connection -> inbox.isClaimed(connection, options.group(), messageId))
                .compose(claimed -> claimed ? Future.succeededFuture() : deadLetter(List.of(deadLetter)));
    }

    /** Logs that a batch failed transiently and that the affected messages are being isolated. */
    void reportTransient(int messages, Throwable cause) {
        failures.reportTransient(messages, cause);
    }
}
