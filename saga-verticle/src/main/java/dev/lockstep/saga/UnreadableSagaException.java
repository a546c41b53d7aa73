package dev.lockstep.saga;

/** A saga's row is not one that a saga can have: somebody has changed it by hand, or a version wrote it that is not known here. */
final class UnreadableSagaException extends RuntimeException {
    // Without a cause: Jackson's is an IOException, which those who classify failures take for a database that is away.
    UnreadableSagaException(String message) {
        super(message);
    }
}
