package dev.lockstep.relay;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import javax.net.SocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * Creates the sockets of one engine's connections to Postgres, so that the relay can close all of them and refuse new ones. An abandoned
 * engine can then neither read from the slot nor acquire it again, whatever its threads still do.
 *
 * <p>The class is public only because the Postgres driver instantiates it by its class name, with the engine's name as the argument.
 */
public final class EngineSocketFactory extends SocketFactory {
    // The driver sets a timeout of 1 ms when it polls for a message. POLL_MILLIS replaces it.
    private static final int DRIVER_POLL_MILLIS = 1;
    private static final int POLL_MILLIS = 25;
    private static final Map<String, Group> GROUPS = new ConcurrentHashMap<>();

    private final String engine;

    public EngineSocketFactory(String engine) {
        this.engine = engine;
    }

    /**
     * Lets the engine with this name connect until its sockets are {@linkplain Group#close() closed} or {@linkplain Group#unregister()
     * unregistered}.
     */
    static Group register(String engine) {
        Group group = new Group(engine);
        GROUPS.put(engine, group);
        return group;
    }

    @Override
    public Socket createSocket() throws IOException {
        Group group = GROUPS.get(engine);
        if (group == null) {
            throw refused(engine);
        }
        return group.open();
    }

    private static SocketException refused(String engine) {
        return new SocketException("engine " + engine + " has ended and must not connect to Postgres");
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        return connected(new InetSocketAddress(host, port), null);
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        return connected(new InetSocketAddress(host, port), null);
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress local, int localPort) throws IOException {
        return connected(new InetSocketAddress(host, port), new InetSocketAddress(local, localPort));
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) throws IOException {
        return connected(new InetSocketAddress(host, port), new InetSocketAddress(local, localPort));
    }

    private Socket connected(InetSocketAddress remote, @Nullable InetSocketAddress local) throws IOException {
        Socket socket = createSocket();
        if (local != null) {
            socket.bind(local);
        }
        socket.connect(remote);
        return socket;
    }

    /** All open sockets of one engine. */
    static final class Group {
        private final String engine;
        private final Set<Socket> open = ConcurrentHashMap.newKeySet();
        private boolean closed;

        private Group(String engine) {
            this.engine = engine;
        }

        /**
         * Closes every socket and refuses new ones. Returns the local addresses that were in use, by which the server identifies the
         * connections.
         */
        synchronized Set<InetSocketAddress> close() {
            closed = true;
            Set<InetSocketAddress> addresses = open.stream()
                    .filter(socket -> socket.getLocalSocketAddress() instanceof InetSocketAddress)
                    .map(socket -> (InetSocketAddress) socket.getLocalSocketAddress())
                    .filter(address -> address.getPort() > 0)
                    .collect(Collectors.toSet());
            for (Socket socket : Set.copyOf(open)) {
                try {
                    socket.close();
                } catch (IOException gone) {
                    open.remove(socket);
                }
            }
            return addresses;
        }

        /** Called for an engine that has ended and opens no more sockets. */
        void unregister() {
            GROUPS.remove(engine, this);
        }

        private synchronized Socket open() throws SocketException {
            if (closed) {
                throw refused(engine);
            }
            Socket socket = new TrackedSocket();
            open.add(socket);
            return socket;
        }

        private final class TrackedSocket extends Socket {
            // Debezium polls for the next message in a loop. The wait ends with the first byte, so a longer timeout
            // delays nothing, and an idle relay polls 50 times a second instead of 700.
            @Override
            public void setSoTimeout(int millis) throws SocketException {
                super.setSoTimeout(millis == DRIVER_POLL_MILLIS ? POLL_MILLIS : millis);
            }

            @Override
            public void close() throws IOException {
                open.remove(this);
                super.close();
            }
        }
    }
}
