package dev.lockstep.runtime;

import io.vertx.sqlclient.DatabaseException;
import java.util.Set;

/** Determines whether a failure of one session is likely to affect other sessions. */
final class SessionFailures {
    // The session started while the database was read-only, for example around a failover.
    private static final String READ_ONLY = "25006";
    // A cached plan of a table that was altered, or a prepared statement that is missing or belongs to another client
    // of a proxy.
    private static final Set<String> PREPARED_STATEMENT = Set.of("0A000", "26000", "42P05");

    private SessionFailures() {}

    /** Whether new sessions may fail in the same way for a while, so that a failure must not always cause a new session to be opened. */
    static boolean mayAffectNewSessions(Throwable failure) {
        return !PREPARED_STATEMENT.contains(stateOf(failure));
    }

    /** Whether all sessions that are open now will probably fail in the same way. */
    static boolean affectsAllSessions(Throwable failure) {
        String state = stateOf(failure);
        return state.equals(READ_ONLY) || PREPARED_STATEMENT.contains(state);
    }

    private static String stateOf(Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each instanceof DatabaseException database) {
                String state = database.getSqlState();
                return state == null ? "" : state;
            }
        }
        return "";
    }
}
