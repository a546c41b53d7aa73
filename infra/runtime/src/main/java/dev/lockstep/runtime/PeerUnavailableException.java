package dev.lockstep.runtime;

/** A peer did not say what it was asked for. */
public final class PeerUnavailableException extends RuntimeException {
    PeerUnavailableException(String path, String reason) {
        // No stack trace: this is control flow, and its reader is who asked.
        super("GET " + path + ": " + reason, null, false, false);
    }

    /** Why there is no answer, in one sentence; also where it came but was not as expected. */
    public static String reason(Throwable failure) {
        return failure instanceof PeerUnavailableException
                ? String.valueOf(failure.getMessage())
                : "it answered something unexpected: " + failure;
    }
}
