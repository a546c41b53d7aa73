package dev.lockstep.relay;

import java.sql.SQLException;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A role of Postgres that the relay logs in with.
 *
 * @param password returns the current password; called for each new connection, so that it may change while the relay runs
 * @param explain returns a sentence for operators about a connection that could not be opened, or empty to report the failure itself
 */
public record PostgresRole(String user, Supplier<String> password, Function<SQLException, Optional<String>> explain) {
    /** A role with a fixed password, whose failures are reported as they are. */
    public PostgresRole(String user, String password) {
        this(user, () -> password, failure -> Optional.empty());
    }

    /** Contains no password. */
    @Override
    public String toString() {
        return user;
    }
}
