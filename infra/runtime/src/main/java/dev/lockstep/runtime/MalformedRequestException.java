package dev.lockstep.runtime;

/** A request that a server may refuse to interpret (RFC 9112). The connection ends with it: where the next request begins is not certain. */
final class MalformedRequestException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int status;

    MalformedRequestException(int status, String detail) {
        // No stack trace: this is control flow, and its reader is the client.
        super(detail, null, false, false);
        this.status = status;
    }

    int status() {
        return status;
    }
}
