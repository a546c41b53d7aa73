package dev.lockstep.relay;

/** A single-use blocking task that another thread can close. */
interface RelayTask extends AutoCloseable {
    /**
     * Blocks until the task is done or closed.
     *
     * @throws RuntimeException if the task failed
     */
    void run() throws InterruptedException;

    /** Whether the task made progress, in which case the next one starts without an increased backoff. */
    boolean madeProgress();

    /** Ends {@link #run()}. Bounded. */
    @Override
    void close();
}
