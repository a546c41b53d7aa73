package dev.lockstep.local;

/** The local stack cannot start, for a reason that its one line explains completely. */
final class LocalException extends RuntimeException {
    LocalException(String line) {
        super(line);
    }
}
