package dev.lockstep.order.violations;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;

/** A deliberate violation. */
public final class ShellExecutingJdbc {
    public boolean clear(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return statement.execute("DELETE FROM orders");
        }
    }
}
