package dev.lockstep.runtime;

/**
 * A request that a server may reject as malformed (RFC 9112). The connection is closed afterwards, because the start of the next request is
 * uncertain.
 */
final class MalformedRequestException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int status;

    MalformedRequestException(int status, String detail) {
        // No stack trace: this is control flow, and the client reads only the message.
        super(detail, null, false, false);
        this.status = status;
    }

    int status() {
        return status;
    }
}
