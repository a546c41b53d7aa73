package dev.lockstep.relay;

import java.sql.SQLException;

/** No connection to Postgres can be opened. The message is a sentence for operators, the cause is the failure of the driver. */
final class NoConnectionException extends SQLException {
    private static final long serialVersionUID = 1L;

    NoConnectionException(String message, SQLException cause) {
        super(message, cause.getSQLState(), cause);
    }
}
