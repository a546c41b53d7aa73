package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.failure.FailureClassifier;
import dev.lockstep.messaging.failure.UnprocessableMessageException;
import dev.lockstep.messaging.failure.UnprocessableMessagesException;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/** Applies the messages that a service receives. */
@FunctionalInterface
public interface MessageHandler<M> {
    /**
     * Applies the messages on the consumer's transaction, which also contains the claims of their ids and commits after the returned future
     * completes. None of the messages was applied before. Messages of one partition are passed in the order of the partition.
     *
     * <p>A whole polled batch is passed at once, so use multi-row statements and lock rows in the order of their keys. If the future fails,
     * everything is rolled back, and {@link FailureClassifier} decides what follows. While the database is unavailable, the whole batch is
     * retried. Otherwise the messages at fault are found, and all others are applied. {@link UnprocessableMessageException} makes a message
     * a dead letter; {@link UnprocessableMessagesException} names all such messages of a batch, which saves the search. A transient
     * failure, such as a locked row, parks the message and those of its key behind it without counting an attempt. Any other failure parks
     * the message and counts the attempt.
     *
     * <p>A transaction has a time limit. When the limit is exceeded, the connection is closed and the transaction counts as failed, whether
     * or not the future ever completes.
     */
    Future<Void> handle(SqlConnection tx, List<ReceivedMessage<M>> messages);

    /**
     * Determines which of the messages cannot be applied now because another transaction has locked rows that they need. It is called after
     * {@link #handle} waited for a lock in vain, so that those messages can be parked together and all others applied. It must not wait for
     * locks itself: use {@code FOR UPDATE SKIP LOCKED}. If it names no messages, the batch is bisected, which costs one lock wait for each
     * blocked message.
     *
     * @param tx a separate transaction, in which nothing may be changed
     * @return completes with the ids of those messages
     */
    default Future<Set<UUID>> blockedMessages(SqlConnection tx, List<ReceivedMessage<M>> messages) {
        return Future.succeededFuture(Set.of());
    }
}
