package dev.lockstep.order.violations;

import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;

/** A deliberate violation. */
public final class ShellExecutingSql {
    public Future<RowSet<Row>> orders(SqlConnection tx) {
        return tx.preparedQuery("SELECT order_id FROM orders").execute();
    }
}
