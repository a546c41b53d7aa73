package dev.lockstep.runtime;

/** A peer did not answer a query, or not with the expected data. */
public final class PeerUnavailableException extends RuntimeException {
    PeerUnavailableException(String path, String reason) {
        // No stack trace: this is control flow, and the caller reads only the message.
        super("GET " + path + ": " + reason, null, false, false);
    }

    /** Why there is no usable answer, in one sentence. Also describes failures to process an answer that arrived. */
    public static String reason(Throwable failure) {
        return failure instanceof PeerUnavailableException
                ? String.valueOf(failure.getMessage())
                : "unexpected response: " + failure;
    }
}
