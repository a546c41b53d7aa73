package dev.lockstep.messaging.transaction;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;

/** Sets the time limits that Postgres itself enforces for one transaction, whatever the server, database or role has configured. */
final class TransactionLimitsStore {
    private static final String SET =
            "SELECT set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true)";
    private static final String PING = "SELECT 1";

    private TransactionLimitsStore() {}

    /** Sets {@code lock_timeout} and {@code statement_timeout} until the transaction ends. */
    static Future<Void> set(SqlConnection tx, Duration lockWait, Duration statement) {
        return tx.preparedQuery(SET)
                .execute(Tuple.of(Long.toString(lockWait.toMillis()), Long.toString(statement.toMillis())))
                .mapEmpty();
    }

    /** Completes if the server answers. */
    static Future<Void> ping(SqlConnection connection) {
        return connection.query(PING).execute().mapEmpty();
    }
}
