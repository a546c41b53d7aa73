package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.failure.FailureClassifier;
import dev.lockstep.messaging.failure.UnprocessableMessageException;
import dev.lockstep.messaging.failure.UnprocessableMessagesException;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/** What a service does with the messages it receives. */
@FunctionalInterface
public interface MessageHandler<M> {
    /**
     * Applies the messages on the consumer's transaction, which also holds the claim of their ids and commits after the
     * returned future completes. They were never applied before; those of one partition come in its order.
     *
     * <p>A whole polled batch comes at once, so use multi-row statements and lock rows in the order of their keys. If the
     * future fails, everything is rolled back and {@link FailureClassifier} decides: while the database is unavailable the whole
     * batch is tried again; else the messages at fault are found, and all others are applied. {@link UnprocessableMessageException}
     * makes a message a dead letter ({@link UnprocessableMessagesException} names those of a batch, which saves the search), a transient failure such as a locked row parks it and those of its key behind it without
     * counting an attempt, and any other failure parks it and counts.
     *
     * <p>A transaction has a time limit. When it is over, its connection is closed and the transaction counts as failed, whether
     * the future ever completes or not.
     */
    Future<Void> handle(SqlConnection tx, List<ReceivedMessage<M>> messages);

    /**
     * Says which of the messages cannot be applied now because rows that they need are locked by another transaction. Asked after
     * {@link #handle} waited for a lock in vain, so that those messages can be parked together and all others applied. It must not
     * wait for locks itself: use {@code FOR UPDATE SKIP LOCKED}. Without an answer the batch is taken apart by halves, which costs a
     * wait for each message that meets a lock.
     *
     * @param tx a transaction of its own, in which nothing is to be changed
     * @return the ids of those messages
     */
    default Future<Set<UUID>> blockedMessages(SqlConnection tx, List<ReceivedMessage<M>> messages) {
        return Future.succeededFuture(Set.of());
    }
}
