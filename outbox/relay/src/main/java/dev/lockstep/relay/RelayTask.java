package dev.lockstep.relay;

/** Something that a relay does for a while and that can be ended from outside. Good for one run. */
interface RelayTask extends AutoCloseable {
    /**
     * Blocks until it is done or closed.
     *
     * @throws RuntimeException that ended it before its time
     */
    void run() throws InterruptedException;

    /** Whether it got anything done, so that the next one need not be held back. */
    boolean madeProgress();

    /** Ends {@link #run()}. Bounded. */
    @Override
    void close();
}
