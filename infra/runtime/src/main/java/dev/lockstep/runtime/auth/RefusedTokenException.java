package dev.lockstep.runtime.auth;

import java.util.Locale;

/** A request without a valid token. The message is shown to the caller: it names no key and quotes nothing from the token. */
final class RefusedTokenException extends RuntimeException {
    private final Reason reason;

    RefusedTokenException(Reason reason, String detail) {
        // No stack trace: the exception is control flow, and callers can cause it at will.
        super(detail, null, false, false);
        this.reason = reason;
    }

    Reason reason() {
        return reason;
    }

    String detail() {
        return String.valueOf(getMessage());
    }

    /** Why a token is refused. The names are tags of a metric. */
    enum Reason {
        MISSING,
        MALFORMED,
        ALGORITHM,
        UNKNOWN_KEY,
        SIGNATURE,
        ISSUER,
        AUDIENCE,
        EXPIRED,
        NOT_YET_VALID,
        CLAIMS;

        String tag() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }
}
