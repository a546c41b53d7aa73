package dev.lockstep.testing;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;

/** Statements on connections of their own. */
final class Jdbc {
    private Jdbc() {}

    static Connection connect(String url) {
        try {
            return DriverManager.getConnection(url);
        } catch (SQLException cause) {
            throw new IllegalStateException("cannot connect: " + cause.getMessage(), cause);
        }
    }

    static void execute(String url, String sql) {
        try (Connection connection = connect(url);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException cause) {
            throw new IllegalStateException(sql + ": " + cause.getMessage(), cause);
        }
    }
}
