package dev.lockstep.runtime;

import dev.lockstep.runtime.ConnectionGuard.State;
import java.net.InetAddress;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Counts the HTTP connections of a process and makes room for new ones. Where a limit is reached, the connection ends that has
 * waited longest for its client, so that connections without requests lock nobody out, a health check least of all. Only when
 * every connection has a request in work is a new one refused. Thread-safe.
 */
final class ConnectionLimit {
    /** Of all services in this process. */
    static final ConnectionLimit OF_PROCESS = new ConnectionLimit();

    private final Map<InetAddress, Set<ConnectionGuard>> byAddress = new HashMap<>();
    private int total;

    /** Whether a connection was let in. */
    enum Admission {
        ADMITTED,
        TOO_MANY,
        TOO_MANY_OF_ADDRESS
    }

    /** Counts a connection unless it is refused. One that was let in is to be released when it has closed. */
    synchronized Admission admit(ConnectionGuard connection, InetAddress address, HttpLimits limits) {
        Set<ConnectionGuard> ofAddress = byAddress.getOrDefault(address, Set.of());
        if (ofAddress.size() >= limits.maxConnectionsPerAddress() && !evictOldest(Map.of(address, ofAddress))) {
            return Admission.TOO_MANY_OF_ADDRESS;
        }
        if (total >= limits.maxConnections() && !evictOldest(byAddress)) {
            return Admission.TOO_MANY;
        }
        add(connection, address);
        return Admission.ADMITTED;
    }

    synchronized void release(ConnectionGuard connection, InetAddress address) {
        Set<ConnectionGuard> ofAddress = byAddress.get(address);
        if (ofAddress != null && ofAddress.remove(connection)) {
            total--;
            if (ofAddress.isEmpty()) {
                byAddress.remove(address);
            }
        }
    }

    synchronized int total() {
        return total;
    }

    private synchronized void add(ConnectionGuard connection, InetAddress address) {
        if (byAddress.computeIfAbsent(address, first -> new HashSet<>()).add(connection)) {
            total++;
        }
    }

    private boolean evictOldest(Map<InetAddress, ? extends Collection<ConnectionGuard>> among) {
        @Nullable ConnectionGuard oldest = null;
        @Nullable InetAddress itsAddress = null;
        State itsState = State.WORKING;
        long itsSince = 0;
        for (Map.Entry<InetAddress, ? extends Collection<ConnectionGuard>> ofAddress : among.entrySet()) {
            for (ConnectionGuard candidate : ofAddress.getValue()) {
                State state = candidate.state();
                long since = candidate.since();
                int order = state.compareTo(itsState);
                if (state != State.WORKING && (order < 0 || (order == 0 && since - itsSince < 0))) {
                    oldest = candidate;
                    itsAddress = ofAddress.getKey();
                    itsState = state;
                    itsSince = since;
                }
            }
        }
        if (oldest == null || itsAddress == null) {
            return false;
        }
        ConnectionGuard evicted = oldest;
        InetAddress address = itsAddress;
        // Counted out at once, as the next connection may come before this one is closed.
        release(evicted, address);
        evicted.evict(() -> add(evicted, address));
        return true;
    }
}
