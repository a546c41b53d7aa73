package dev.lockstep.local;

/** The local stack cannot start. The message describes the reason completely. */
final class LocalException extends RuntimeException {
    LocalException(String line) {
        super(line);
    }
}
