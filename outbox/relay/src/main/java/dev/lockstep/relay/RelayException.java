package dev.lockstep.relay;

import org.jspecify.annotations.Nullable;

/**
 * Ends a step or a task of the relay, which is then repeated or replaced. The message is a sentence for operators that names the row,
 * topic, slot or server concerned.
 */
final class RelayException extends RuntimeException {
    RelayException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /**
     * Returns the shortest accurate sentence about a failure. Libraries wrap the relevant exception several times, so the innermost one is
     * used.
     */
    static String reason(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null && !isSentence(root)) {
            root = root.getCause();
        }
        String message = root.getMessage();
        if (isSentence(root) && message != null) {
            return message;
        }
        String name = root.getClass().getSimpleName();
        return message == null
                ? name
                : name + ": " + message.lines().findFirst().orElse("");
    }

    private static boolean isSentence(Throwable failure) {
        return failure instanceof RelayException || failure instanceof NoConnectionException;
    }
}
