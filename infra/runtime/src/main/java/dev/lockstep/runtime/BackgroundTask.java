package dev.lockstep.runtime;

import java.util.Optional;

/** Work on threads of its own for as long as the service runs, such as the relay. */
public interface BackgroundTask extends AutoCloseable {
    /** Starts the work and returns. Called once, when the rest of the service is up. */
    void start();

    /** Empty while all is well, else one clear sentence. Answered at once, from any thread. */
    Optional<String> problem();

    /**
     * Why the work does not get anywhere any more, so that only a new process helps; empty as long as it does. Answered at once, from any
     * thread. That something outside is away is a {@link #problem}, and no stall.
     */
    default Optional<String> stall() {
        return Optional.empty();
    }

    /** Ends the work and returns when it has ended. Called from one thread, perhaps without a start before. */
    @Override
    void close();
}
