package dev.lockstep.relay;

import org.jspecify.annotations.Nullable;

/** Something that the relay cannot get past by itself. The message says which row, topic or slot, and what to do. */
final class RelayException extends RuntimeException {
    RelayException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /** The shortest true sentence about a failure: libraries wrap the one that matters several times. */
    static String reason(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null && !(root instanceof RelayException)) {
            root = root.getCause();
        }
        String message = root.getMessage();
        if (root instanceof RelayException && message != null) {
            return message;
        }
        String name = root.getClass().getSimpleName();
        return message == null
                ? name
                : name + ": " + message.lines().findFirst().orElse("");
    }
}
