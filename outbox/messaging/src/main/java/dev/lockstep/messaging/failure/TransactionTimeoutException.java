package dev.lockstep.messaging.failure;

import java.time.Duration;

/**
 * A transaction did not end within its time limit, and its connection was closed. The server rolls it back unless its COMMIT was already
 * sent: then it may commit, even after this failure.
 */
public final class TransactionTimeoutException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final boolean mayHaveCommitted;

    /** @param mayHaveCommitted whether a COMMIT, or a statement that commits itself, was sent and not answered */
    public TransactionTimeoutException(Duration limit, boolean mayHaveCommitted) {
        super(
                "the transaction did not end within " + limit.toMillis() + " ms and its connection was closed; "
                        + (mayHaveCommitted ? "it is unknown whether it was committed" : "it is rolled back"),
                null,
                false,
                false);
        this.mayHaveCommitted = mayHaveCommitted;
    }

    /** Whether the transaction may have committed, or may still commit. */
    public boolean mayHaveCommitted() {
        return mayHaveCommitted;
    }
}
