package dev.lockstep.faults;

/** A case could not be carried out. It then says nothing about the system, except if this is a {@link FailedCheckException}. */
sealed class FaultsException extends RuntimeException permits FailedCheckException {
    FaultsException(String message) {
        super(message);
    }

    FaultsException(String message, Throwable cause) {
        super(message, cause);
    }
}
