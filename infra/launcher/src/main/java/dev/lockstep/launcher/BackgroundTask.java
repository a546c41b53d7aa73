package dev.lockstep.launcher;

import java.util.Optional;

/** Work that runs on its own threads while the service runs: the relay, or a fake of it in tests. */
interface BackgroundTask extends AutoCloseable {
    /** Creates what the work needs, and returns once it exists. Called once, after the schema is migrated and before the verticle starts. */
    void prepare();

    /** Starts the work and returns. Called once, after the rest of the service has started. */
    void start();

    /** One sentence that describes the current problem, or empty if there is none. Does not block and may be called from any thread. */
    Optional<String> problem();

    /**
     * Why the work makes no progress, if only a restart of the process can fix this; otherwise empty. Does not block and may be called from
     * any thread. An unavailable external system is a {@link #problem}, not a stall.
     */
    default Optional<String> stall() {
        return Optional.empty();
    }

    /** Stops the work and returns once it has stopped. Called from one thread, possibly without a preceding start. */
    @Override
    void close();
}
