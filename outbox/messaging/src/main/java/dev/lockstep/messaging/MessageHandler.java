package dev.lockstep.messaging;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.util.List;

/** What a service does with the messages it receives. */
@FunctionalInterface
public interface MessageHandler<M> {
    /**
     * Applies the messages on the consumer's transaction, which also holds the claim of their ids and commits after the
     * returned future completes. They were never applied before; those of one partition come in its order.
     *
     * <p>A whole polled batch comes at once, so use multi-row statements and lock rows in the order of their keys. If the
     * future fails, everything is rolled back and the batch is narrowed down to the message at fault: {@link
     * UnprocessableMessageException} makes that one a dead letter, a failure of the database that may pass leads to another
     * attempt at all of them, and any other failure parks the message and those of its key behind it.
     *
     * <p>The future has to complete, so give whatever it waits for a timeout of its own: nobody else can end it while it may still use
     * the transaction.
     */
    Future<Void> handle(SqlConnection tx, List<Received<M>> messages);
}
