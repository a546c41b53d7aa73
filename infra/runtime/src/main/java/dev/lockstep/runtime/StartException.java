package dev.lockstep.runtime;

import org.jspecify.annotations.Nullable;

/** A service cannot start. The message describes the reason completely. */
public final class StartException extends RuntimeException {
    public StartException(String message) {
        this(message, null);
    }

    public StartException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
