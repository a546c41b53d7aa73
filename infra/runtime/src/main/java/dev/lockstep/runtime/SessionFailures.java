package dev.lockstep.runtime;

import dev.lockstep.messaging.failure.FailureClassifier;

/** Determines whether a failure of one session is likely to affect other sessions. */
final class SessionFailures {
    private SessionFailures() {}

    /** Whether new sessions may fail in the same way for a while, so that a failure must not always cause a new session to be opened. */
    static boolean mayAffectNewSessions(Throwable failure) {
        return !FailureClassifier.isStaleStatement(failure);
    }

    /** Whether all sessions that are open now will probably fail in the same way. */
    static boolean affectsAllSessions(Throwable failure) {
        // A session that started while the database was read-only, for example around a failover, stays read-only.
        return FailureClassifier.isReadOnly(failure) || FailureClassifier.isStaleStatement(failure);
    }
}
