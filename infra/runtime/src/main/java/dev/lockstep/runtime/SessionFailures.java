package dev.lockstep.runtime;

import io.vertx.sqlclient.DatabaseException;
import java.util.Set;

/** What a failure that is bound to its session says about other sessions. */
final class SessionFailures {
    // The session began while the database was read-only, as it is around a failover.
    private static final String READ_ONLY = "25006";
    // A cached plan of a table that was changed; a prepared statement that is gone, or somebody else's, behind a proxy.
    private static final Set<String> PREPARED_STATEMENT = Set.of("0A000", "26000", "42P05");

    private SessionFailures() {}

    /** Whether a new session may well fail the same way for a while, so that one should not be opened for each failure. */
    static boolean mayAffectNewSessions(Throwable failure) {
        return !PREPARED_STATEMENT.contains(stateOf(failure));
    }

    /** Whether all sessions that are open at this moment will probably fail the same way. */
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
