package dev.lockstep.runtime;

/** A peer did not answer a query, or not with the expected data. */
public final class PeerUnavailableException extends RuntimeException {
    private final boolean unauthorized;

    PeerUnavailableException(String path, String reason) {
        this(path, reason, false);
    }

    private PeerUnavailableException(String path, String reason, boolean unauthorized) {
        // No stack trace: this is control flow, and the caller reads only the message.
        super("GET " + path + ": " + reason, null, false, false);
        this.unauthorized = unauthorized;
    }

    static PeerUnavailableException ofStatus(String path, int status) {
        return new PeerUnavailableException(path, "response status " + status, status == 401);
    }

    /** Whether the peer requires a valid access token. */
    boolean isUnauthorized() {
        return unauthorized;
    }

    /** Why there is no usable answer, in one sentence. Also describes failures to process an answer that arrived. */
    public static String reason(Throwable failure) {
        return failure instanceof PeerUnavailableException
                ? String.valueOf(failure.getMessage())
                : "unexpected response: " + failure;
    }
}
