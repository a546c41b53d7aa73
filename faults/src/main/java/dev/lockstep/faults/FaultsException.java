package dev.lockstep.faults;

/** A case could not be carried out. It then says nothing about the system. */
final class FaultsException extends RuntimeException {
    FaultsException(String message) {
        super(message);
    }

    FaultsException(String message, Throwable cause) {
        super(message, cause);
    }
}
