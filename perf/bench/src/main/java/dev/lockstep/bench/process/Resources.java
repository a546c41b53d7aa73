package dev.lockstep.bench.process;

import dev.lockstep.bench.BenchException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** What a scenario has started. It is closed in reverse order, also if the suite is interrupted. */
public final class Resources implements AutoCloseable {
    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private boolean closed;

    /**
     * Registers something that was started, and returns it.
     *
     * @throws BenchException if the suite is stopping; the resource is then closed at once
     */
    public synchronized <T extends AutoCloseable> T add(T started) {
        open.push(started);
        if (closed) {
            closeAll();
            throw new BenchException("interrupted");
        }
        return started;
    }

    /** Closes everything that is open. More can be added afterwards. */
    public synchronized void closeAll() {
        List<String> problems = new ArrayList<>();
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (Exception cause) {
                problems.add(String.valueOf(cause.getMessage()));
            }
        }
        if (!problems.isEmpty()) {
            throw new BenchException("did not stop cleanly: " + String.join("; ", problems));
        }
    }

    /** Closes everything, and everything that is added later. */
    @Override
    public synchronized void close() {
        closed = true;
        closeAll();
    }
}
