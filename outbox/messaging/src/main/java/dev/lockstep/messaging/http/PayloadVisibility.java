package dev.lockstep.messaging.http;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How much of the values of messages a caller sees. Keys, headers, and the reasons and types of errors are not values; the message of an
 * error can quote a value, and is shown with {@link #FULL} only.
 */
public enum PayloadVisibility {
    /** The values as they are. */
    FULL,
    /** The structure of a JSON value, with every text, number and boolean in it replaced. A value that is not JSON is replaced as a whole. */
    MASKED,
    /** No values. */
    NONE;

    /** What responses say about their values: null if the values are shown as they are. */
    public @Nullable String label() {
        return this == FULL ? null : name().toLowerCase(Locale.ROOT);
    }
}
