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
 * Counts the HTTP connections of a process and makes room for new ones. At a limit, it closes the connection that has waited longest for
 * its client, so that connections without requests cannot lock out other clients, health checks in particular. A new connection is refused
 * only if the service works on a request of every open connection. Thread-safe.
 */
final class ConnectionLimit {
    /** Shared by all services in this process. */
    static final ConnectionLimit OF_PROCESS = new ConnectionLimit();

    private final Map<InetAddress, Set<ConnectionGuard>> byAddress = new HashMap<>();
    private int total;

    /** The outcome of admitting a connection. */
    enum Admission {
        ADMITTED,
        TOO_MANY,
        TOO_MANY_OF_ADDRESS
    }

    /** Counts a connection unless it is refused. The caller must release an admitted connection once it has closed. */
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
        // Released at once, because the next connection may arrive before this one is closed.
        release(evicted, address);
        evicted.evict(() -> add(evicted, address));
        return true;
    }
}
