package dev.lockstep.messaging.failure;

import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.DatabaseException;
import java.sql.SQLException;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A failure that Postgres or its driver reported with an SQLSTATE. This record has the only list of SQLSTATEs and what they mean; see <a
 * href="https://www.postgresql.org/docs/18/errcodes-appendix.html">PostgreSQL Error Codes</a>.
 *
 * @param state the SQLSTATE, or an empty string if there is no valid one
 * @param fatal whether the server ended the session with this failure
 * @param routine the server routine that reported the failure, or null if it is unknown
 */
record PostgresFailure(
        String state, boolean fatal, @Nullable String routine) {
    private static final Set<String> UNAVAILABLE_CLASSES = Set.of("08", "28", "3D", "53", "57", "58", "F0");
    private static final String READ_ONLY = "25006";
    private static final String FDW_UNABLE_TO_ESTABLISH_CONNECTION = "HV00N";
    private static final String LOCK_NOT_AVAILABLE = "55P03";
    private static final String QUERY_CANCELED = "57014";
    private static final Set<String> TRANSIENT_STATES = Set.of(
            "25P03", // idle_in_transaction_session_timeout exceeded
            "25P04", // transaction_timeout exceeded
            "26000", // prepared statement does not exist
            "40000", // transaction rolled back
            "40001", // serialization failure
            "40003", // unknown whether the statement completed
            "40P01", // deadlock
            "42501", // missing privilege: other statements may succeed, and a GRANT resolves it
            "42P05", // prepared statement already exists
            "53200", // out of memory: a smaller statement may succeed
            "53400", // a configured limit is exceeded, such as temp_file_limit
            "55006", // object in use
            LOCK_NOT_AVAILABLE,
            QUERY_CANCELED, // cancelled, or statement_timeout exceeded
            "72000"); // snapshot too old
    private static final String PROTOCOL_VIOLATION = "08P01";
    private static final String FEATURE_NOT_SUPPORTED = "0A000";
    // "cached plan must not change result type" shares its SQLSTATE with features that will never be supported. The
    // name of the server routine tells them apart.
    private static final String CACHED_PLAN_CHECK = "RevalidateCachedQuery";
    private static final String UNSTORABLE_TEXT = "22021";

    private static final Set<String> STALE_STATEMENT_STATES = Set.of(FEATURE_NOT_SUPPORTED, "26000", "42P05");
    private static final Set<String> SESSION_ENDING_STATES =
            Set.of("25P03", "25P04", "57P01", "57P02", "57P04", "57P05");
    // Postgres reports these to a connecting client, and then closes the connection.
    private static final Set<String> CONNECTION_REFUSED_STATES = Set.of("53300", "57P03");
    private static final String LOGIN_REJECTED_CLASS = "28";
    private static final Set<String> CONNECTION_REFUSED_CLASSES = Set.of(LOGIN_REJECTED_CLASS, "3D");
    private static final String CONNECTION_CLASS = "08";
    private static final String ROLLBACK_CLASS = "40";
    private static final Set<String> UNKNOWN_OUTCOME_STATES = Set.of("08007", "40003");

    /** Finds the first such failure in the chain of causes. */
    static Optional<PostgresFailure> find(Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            Optional<PostgresFailure> found = of(each);
            if (found.isPresent()) {
                return found;
            }
        }
        return Optional.empty();
    }

    /** Reads this exception alone, without its causes. Empty if it does not come from a database. */
    static Optional<PostgresFailure> of(Throwable failure) {
        return switch (failure) {
            // The server translates the severity according to lc_messages. SESSION_ENDING_STATES does not depend on it.
            case PgException postgres ->
                Optional.of(new PostgresFailure(
                        valid(postgres.getSqlState()),
                        "FATAL".equals(postgres.getSeverity()) || "PANIC".equals(postgres.getSeverity()),
                        postgres.getRoutine()));
            case DatabaseException database ->
                Optional.of(new PostgresFailure(valid(database.getSqlState()), false, null));
            case SQLException jdbc -> Optional.of(new PostgresFailure(valid(jdbc.getSQLState()), false, null));
            default -> Optional.empty();
        };
    }

    private static String valid(@Nullable String state) {
        return state != null && state.length() == 5 ? state : "";
    }

    FailureKind kind() {
        if (TRANSIENT_STATES.contains(state)) {
            return FailureKind.TRANSIENT;
        }
        if (state.equals(FEATURE_NOT_SUPPORTED)) {
            return CACHED_PLAN_CHECK.equals(routine) ? FailureKind.TRANSIENT : FailureKind.UNKNOWN;
        }
        if (state.equals(PROTOCOL_VIOLATION) && !fatal) {
            // The server rejects this one protocol message. A failing connection pooler in front of the server answers
            // FATAL instead.
            return FailureKind.UNKNOWN;
        }
        return isReadOnly()
                        || state.equals(FDW_UNABLE_TO_ESTABLISH_CONNECTION)
                        || UNAVAILABLE_CLASSES.contains(stateClass())
                ? FailureKind.UNAVAILABLE
                : FailureKind.UNKNOWN;
    }

    boolean isReadOnly() {
        return state.equals(READ_ONLY);
    }

    boolean isLockTimeout() {
        return state.equals(LOCK_NOT_AVAILABLE);
    }

    boolean isCancelledStatement() {
        return state.equals(QUERY_CANCELED);
    }

    boolean isUnstorableText() {
        return state.equals(UNSTORABLE_TEXT);
    }

    boolean isRejectedLogin() {
        return stateClass().equals(LOGIN_REJECTED_CLASS);
    }

    boolean isStaleStatement() {
        return STALE_STATEMENT_STATES.contains(state);
    }

    boolean isSessionBound() {
        return isReadOnly()
                || isStaleStatement()
                || refusesSession()
                || stateClass().equals(CONNECTION_CLASS)
                || endsSession();
    }

    // The answer to a COMMIT may have been lost together with the session.
    boolean mayHaveCommitted() {
        return UNKNOWN_OUTCOME_STATES.contains(state) || endsSession();
    }

    boolean isRetryableAtOnce() {
        return stateClass().equals(ROLLBACK_CLASS)
                || isReadOnly()
                || isStaleStatement()
                || SESSION_ENDING_STATES.contains(state);
    }

    private boolean endsSession() {
        return SESSION_ENDING_STATES.contains(state) || (fatal && !refusesSession());
    }

    private boolean refusesSession() {
        return CONNECTION_REFUSED_STATES.contains(state) || CONNECTION_REFUSED_CLASSES.contains(stateClass());
    }

    private String stateClass() {
        return state.isEmpty() ? "" : state.substring(0, 2);
    }
}
