package dev.lockstep.runtime;

import io.vertx.pgclient.PgException;
import java.util.Set;

/**
 * Tells by its SQLSTATE whether a failure belongs to the session it happened in, so that a new session may succeed where this one
 * will keep failing.
 */
final class SessionFailures {
    // read_only_sql_transaction: the session began while the database was read-only, as it is around a failover.
    private static final String READ_ONLY = "25006";
    // feature_not_supported is what "cached plan must not change result type" has; the others say that a prepared
    // statement is
    // gone or somebody else's, as behind a proxy that switches servers.
    private static final Set<String> PREPARED_STATEMENT = Set.of("0A000", "26000", "42P05");
    // Connection exception, operator intervention, internal error.
    private static final Set<String> CLASSES = Set.of("08", "57", "XX");
    // The session lives on after these of class 57: a statement was cancelled, a database is being dropped or is busy.
    private static final Set<String> STATEMENT_ONLY = Set.of("57000", "57014");
    private static final String OUT_OF_MEMORY = "53200";

    private SessionFailures() {}

    static boolean isSessionBound(Throwable failure) {
        String state = stateOf(failure);
        return PREPARED_STATEMENT.contains(state) || mayHoldForAll(failure);
    }

    /** Whether new sessions may well fail the same way for a while, so that one should not be opened for each failure. */
    static boolean mayHoldForAll(Throwable failure) {
        String state = stateOf(failure);
        return state.equals(READ_ONLY)
                || state.equals(OUT_OF_MEMORY)
                || (state.length() == 5 && CLASSES.contains(state.substring(0, 2)) && !STATEMENT_ONLY.contains(state));
    }

    /** Whether all sessions that are open at this moment will probably fail the same way. */
    static boolean concernsAllSessions(Throwable failure) {
        String state = stateOf(failure);
        return state.equals(READ_ONLY) || PREPARED_STATEMENT.contains(state);
    }

    private static String stateOf(Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each instanceof PgException postgres) {
                String state = postgres.getSqlState();
                return state == null ? "" : state;
            }
        }
        return "";
    }
}
