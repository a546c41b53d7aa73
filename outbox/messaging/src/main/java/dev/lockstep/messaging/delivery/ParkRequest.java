package dev.lockstep.messaging.delivery;

import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A message to be parked.
 *
 * @param attempts the number of attempts so far; 0 for a message that waits behind others or for its predecessor
 * @param delay the time until the next attempt
 * @param waitsFor the missing predecessor, or null if the message does not wait for one
 */
public record ParkRequest(
        DecodedRecord<?> message,
        int attempts,
        @Nullable String error,
        Duration delay,
        @Nullable UUID waitsFor) {
    /** Creates a request for a message that waits behind others of its key. */
    static ParkRequest queued(DecodedRecord<?> message) {
        return new ParkRequest(message, 0, null, Duration.ZERO, null);
    }
}
