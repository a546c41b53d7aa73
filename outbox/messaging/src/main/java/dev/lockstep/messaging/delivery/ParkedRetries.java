package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.deadletter.DeadLetterStore.DeadLetter;
import dev.lockstep.messaging.delivery.IncidentStore.Event;
import dev.lockstep.messaging.delivery.IncidentStore.Incident;
import dev.lockstep.messaging.delivery.ParkedHandling.Candidate;
import dev.lockstep.messaging.delivery.ParkedMessageStore.Parked;
import dev.lockstep.messaging.delivery.ParkedMessageStore.Place;
import dev.lockstep.messaging.delivery.ParkedMessageStore.Position;
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
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.kafka.common.TopicPartition;

/**
 * Tries parked messages again: of each key the first one, or, while the one before that is missing, whatever leads up to it.
 *
 * <pre>
 *  first of its key is due ─┬─ the one before it is handled, or dead ──▶ handled, or postponed, or dead
 *                           ├─ that one is parked further back ───────▶ that one first
 *                           └─ that one is missing ───────────────────▶ waits, asks its sender, in the end is dead
 * </pre>
 *
 * {@link JointRetries} first tries messages that were never begun together; the others are tried one by one, because a message that
 * was begun before may be the one that ends the process.
 */
final class ParkedRetries<M> {
    private static final long LONGEST_TURN_NANOS = TimeUnit.SECONDS.toNanos(2);
    // Each may have waited for a lock.
    private static final int MOST_HELD_UP = 5;
    // A joint retry counts a start of every message in it, so one start does not prove that a message ends the process.
    private static final int FEWEST_STARTS = 2;

    private final BoundedTransactions transactions;
    private final ConsumerOptions options;
    private final ParkedHandling<M> handling;
    private final JointRetries<M> joint;
    private final Inbox inbox = new Inbox();
    private final Outbox outbox = new Outbox();
    private final ParkedMessageStore parked;
    private final PredecessorStore predecessors;
    private final Setbacks setbacks;
    // This process survived the start that the database counts; their next start resets the count.
    private final Set<Position> unsettled = new HashSet<>();
    private int heldUp;

    ParkedRetries(
            BoundedTransactions transactions,
            ConsumerOptions options,
            ParkedHandling<M> handling,
            ParkedMessageStore parked,
            PredecessorStore predecessors,
            Setbacks setbacks) {
        this.transactions = transactions;
        this.options = options;
        this.handling = handling;
        this.joint = new JointRetries<>(transactions, options, handling, parked, predecessors, setbacks);
        this.parked = parked;
        this.predecessors = predecessors;
        this.setbacks = setbacks;
    }

    /**
     * The result of one attempt.
     *
     * @param gone whether the message has left the table
     * @param next the message to try next
     * @param report logs and counts the result; called after the commit
     */
    private record Outcome(boolean gone, Optional<Position> next, Runnable report) {
        static final Outcome STAYS = new Outcome(false, Optional.empty(), () -> {});
        static final Outcome GONE = new Outcome(true, Optional.empty(), () -> {});

        static Outcome stays(Runnable report) {
            return new Outcome(false, Optional.empty(), report);
        }
    }

    /**
     * Tries what is due on these partitions, and what becomes due by that; begins no other attempt after two seconds, or after a few
     * that were held up by something passing, such as a locked row. Fails if the database is away.
     */
    Future<Void> retryDue(Collection<TopicPartition> partitions) {
        heldUp = 0;
        unsettled.removeIf(position -> !partitions.contains(position.topicPartition()));
        joint.retain(partitions);
        // The query for due messages does not count towards the two seconds.
        return due(partitions).compose(due -> retry(partitions, due, System.nanoTime()));
    }

    private Future<List<Position>> due(Collection<TopicPartition> partitions) {
        return withConnection(connection -> parked.due(connection, partitions));
    }

    private Future<Void> retry(Collection<TopicPartition> partitions, List<Position> due, long begun) {
        return together(due)
                .compose(first -> together(first.next()).compose(second -> {
                    Future<Boolean> any = Future.succeededFuture(
                            !first.settled().isEmpty() || !second.settled().isEmpty());
                    for (Position position : Stream.concat(due.stream(), first.next().stream())
                            .filter(each -> !first.settled().contains(each))
                            .filter(each -> !second.settled().contains(each))
                            .toList()) {
                        any = any.compose(before -> isOver(begun)
                                ? Future.succeededFuture(before)
                                : retry(position, new HashSet<>()).map(had -> had || before));
                    }
                    // A message that another consumer has locked stays due, so only a round that settled something is
                    // repeated.
                    return any.compose(had -> had && !isOver(begun)
                            ? due(partitions).compose(next -> retry(partitions, next, begun))
                            : Future.succeededFuture());
                }));
    }

    private Future<JointRetries.Result> together(List<Position> positions) {
        return joint.retry(positions).onSuccess(result -> {
            unsettled.addAll(result.begun());
            unsettled.removeAll(result.settled());
        });
    }

    private boolean isOver(long begun) {
        return heldUp >= MOST_HELD_UP || System.nanoTime() - begun >= LONGEST_TURN_NANOS;
    }

    // Completes with whether it was to be had.
    private Future<Boolean> retry(Position position, Set<Position> followed) {
        // A start that this very process lived through was no crash.
        boolean survived = unsettled.contains(position);
        return withConnection(connection -> parked.begin(connection, position, survived))
                .compose(starts -> {
                    unsettled.remove(position);
                    if (starts == 0) {
                        joint.forget(position);
                        return Future.succeededFuture(false);
                    }
                    return once(position, starts, followed).compose(outcome -> {
                        outcome.report().run();
                        if (outcome.gone()) {
                            joint.forget(position);
                        }
                        return outcome.next()
                                .map(next -> retry(next, followed))
                                .orElseGet(() -> Future.succeededFuture(true));
                    });
                });
    }

    private Future<Outcome> once(Position position, int starts, Set<Position> followed) {
        if (starts > Math.max(options.maxAttempts(), FEWEST_STARTS)) {
            return withLocked(position, (tx, message) -> crashed(tx, message, starts - 1));
        }
        if (!followed.add(position)) {
            return withLocked(position, (tx, message) -> failedAgain(tx, message, Gaps.loop()));
        }
        return attempt(position);
    }

    private Future<Outcome> attempt(Position position) {
        return withLocked(position, this::attempt)
                .recover(cause -> withLocked(
                        position,
                        (tx, message) ->
                                isNotItsFault(cause) ? notYet(tx, message, cause) : failedAgain(tx, message, cause)))
                .onFailure(cause -> unsettled.add(position));
    }

    private static boolean isNotItsFault(Throwable cause) {
        FailureKind kind = FailureClassifier.classify(cause);
        return kind == FailureKind.UNAVAILABLE || kind == FailureKind.TRANSIENT;
    }

    // Not counted. If it is the database that is away this fails too; if it is something else, others need not wait.
    private Future<Outcome> notYet(SqlConnection tx, Parked message, Throwable cause) {
        heldUp++;
        String error = Setbacks.describe(cause);
        return parked.postpone(tx, message.position(), message.attempts(), error, setbacks.patience(message.firstAt()))
                .map(Outcome.stays(() -> setbacks.reportStillHeldUp(message.source(), error)));
    }

    private Future<Outcome> crashed(SqlConnection tx, Parked message, int starts) {
        return giveUp(
                tx, message, DeadLetter.crashed(message.source(), message.attempts() + starts, message.firstAt()));
    }

    private Future<Outcome> withLocked(Position position, BiFunction<SqlConnection, Parked, Future<Outcome>> work) {
        return transactions.run(
                BatchLimits.RETRY,
                tx -> parked.lock(tx, List.of(position))
                        .compose(found -> found.isEmpty()
                                ? Future.succeededFuture(Outcome.GONE)
                                : work.apply(tx, found.getFirst())));
    }

    private <T> Future<T> withConnection(Function<SqlConnection, Future<T>> work) {
        return transactions.withConnection(BatchLimits.BOOKKEEPING.transaction(), work);
    }

    private Future<Outcome> attempt(SqlConnection tx, Parked message) {
        Candidate<M> candidate = handling.read(message);
        UUID previous = candidate.inbound().previousId();
        if (previous == null) {
            return handle(tx, candidate);
        }
        return predecessors
                .missing(tx, List.of(candidate.inbound()))
                .compose(missing -> missing.isEmpty()
                        ? parked.find(tx, List.of(previous)).compose(found -> {
                            Place before = found.get(previous);
                            return before == null ? handle(tx, candidate) : letPass(tx, message, previous, before);
                        })
                        : keepWaiting(tx, message, previous));
    }

    private Future<Outcome> handle(SqlConnection tx, Candidate<M> candidate) {
        UnprocessableMessageException unreadable = candidate.inbound().unreadable();
        return unreadable != null
                ? Future.failedFuture(unreadable)
                : handling.apply(tx, List.of(candidate)).map(Outcome.GONE);
    }

    // The one before has arrived behind it. It is tried at once if it is due, and else both wait until it is.
    private Future<Outcome> letPass(SqlConnection tx, Parked message, UUID previous, Place before) {
        return parked.waitBehind(tx, message.position(), previous, before.dueIn())
                .map(waiting -> before.dueIn().isPositive()
                        ? Outcome.STAYS
                        : new Outcome(false, Optional.of(before.position()), () -> {}));
    }

    private Future<Outcome> keepWaiting(SqlConnection tx, Parked message, UUID previous) {
        if (!previous.equals(message.waitsFor())) {
            return parked.waitFor(tx, message.position(), previous, Gaps.describe(previous), options.gapResendAfter())
                    .compose(waiting -> setbacks.note(tx, incident(message, Event.GAP_SEEN, Gaps.describe(previous))))
                    .map(Outcome.stays(() -> setbacks.reportGap(message.source(), previous)));
        }
        Duration waited = message.waited();
        if (waited.compareTo(options.gapGiveUpAfter()) >= 0) {
            return predecessors
                    .isRequestPending(tx, message.source(), previous)
                    .compose(
                            unheard -> unheard ? waitAnew(tx, message, previous) : giveUpTheGap(tx, message, previous));
        }
        Duration untilAsking = Gaps.askAfter(options, message.asked()).minus(waited);
        if (untilAsking.isPositive()) {
            return parked.askedFor(tx, message.position(), message.asked(), untilAsking)
                    .map(Outcome.STAYS);
        }
        int asked = message.asked() + 1;
        Optional<OutboxMessage> request = ResendRequested.forMessage(message.source(), previous);
        return outbox.append(tx, request.stream().toList())
                .compose(appended -> request.isEmpty()
                        ? Future.<Void>succeededFuture()
                        : setbacks.note(tx, incident(message, Event.RESEND_REQUESTED, Gaps.describe(previous))))
                .compose(noted -> parked.askedFor(
                        tx,
                        message.position(),
                        asked,
                        Gaps.askAfter(options, asked).minus(waited)))
                .map(Outcome.STAYS);
    }

    // Kafka is away: the sender has not been asked, and cannot have answered.
    private Future<Outcome> waitAnew(SqlConnection tx, Parked message, UUID previous) {
        return parked.waitFor(tx, message.position(), previous, Gaps.describe(previous), options.gapResendAfter())
                .map(Outcome.STAYS);
    }

    private Future<Outcome> giveUpTheGap(SqlConnection tx, Parked message, UUID previous) {
        return giveUp(
                tx,
                message,
                new DeadLetter(
                        message.source(),
                        Gaps.REASON,
                        Gaps.describe(previous),
                        null,
                        message.attempts(),
                        message.firstAt()));
    }

    private Future<Outcome> failedAgain(SqlConnection tx, Parked message, Throwable cause) {
        int attempts = message.attempts() + 1;
        Optional<UnprocessableMessageException> never = FailureClassifier.permanent(cause);
        if (never.isPresent() || attempts >= options.maxAttempts()) {
            return giveUp(
                    tx,
                    message,
                    never.map(verdict ->
                                    DeadLetter.unprocessable(message.source(), verdict, attempts, message.firstAt()))
                            .orElseGet(() -> Setbacks.exhausted(message.source(), cause, attempts, message.firstAt())));
        }
        String error = Setbacks.describe(cause);
        return parked.postpone(tx, message.position(), attempts, error, setbacks.backoff(attempts))
                .compose(postponed -> setbacks.note(
                        tx, new Incident(message.source(), message.messageId(), Event.FAILED_AGAIN, attempts, error)))
                .map(Outcome.stays(() -> setbacks.reportFailedAgain(message.source(), attempts, error)));
    }

    private Future<Outcome> giveUp(SqlConnection tx, Parked message, DeadLetter letter) {
        // The claim is given back, or a replay of the dead letter would be taken for a repeat.
        return parked.remove(tx, List.of(message.position()))
                .compose(removed -> inbox.release(tx, options.group(), message.messageId()))
                .compose(released -> setbacks.bury(tx, List.of(letter.redeliveryOf(message.deadLetter()))))
                .map(new Outcome(true, Optional.empty(), () -> setbacks.reportDead(letter)));
    }

    private static Incident incident(Parked message, Event event, String error) {
        return new Incident(message.source(), message.messageId(), event, message.attempts(), error);
    }
}
