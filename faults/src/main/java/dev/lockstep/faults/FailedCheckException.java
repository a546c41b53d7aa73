package dev.lockstep.faults;

/** A case was carried out, and one of its own checks found harm. Any other exception says that the case could not be carried out. */
final class FailedCheckException extends FaultsException {
    FailedCheckException(String message) {
        super(message);
    }
}
