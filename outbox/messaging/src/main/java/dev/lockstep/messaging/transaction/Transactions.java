package dev.lockstep.messaging.transaction;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Transaction;

/** Finds the transaction in which a statement runs. */
public final class Transactions {
    private Transactions() {}

    /**
     * The outcome of the transaction that is open on the connection: the future completes with its commit, and fails if it is rolled back.
     * It may never complete if the connection is lost. Returns the outcome of the statement if each statement commits itself.
     */
    public static Future<Void> outcome(SqlClient client, Future<Void> statement) {
        Transaction open = client instanceof SqlConnection connection ? connection.transaction() : null;
        return open == null ? statement : open.completion();
    }
}
