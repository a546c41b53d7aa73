package dev.lockstep.messaging.failure;

import java.time.Duration;

/** A transaction did not end within its time limit. It was rolled back, and its connection was closed. */
public final class TransactionTimeoutException extends RuntimeException {
    public TransactionTimeoutException(Duration limit) {
        super(
                "the transaction did not end within " + limit.toMillis()
                        + " ms; it was rolled back and its connection was closed",
                null,
                false,
                false);
    }
}
