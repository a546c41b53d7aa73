package dev.lockstep.faults;

/** A case that could not be carried out: nothing is known about the system then. */
final class FaultsException extends RuntimeException {
    FaultsException(String message) {
        super(message);
    }

    FaultsException(String message, Throwable cause) {
        super(message, cause);
    }
}
