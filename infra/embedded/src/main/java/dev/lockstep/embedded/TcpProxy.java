package dev.lockstep.embedded;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;

/**
 * Simulates a network with faults between a client and a server. The proxy listens on any free port of 127.0.0.1 and forwards all traffic
 * to the server, with the configured delay and bandwidth. The server does not have to be running.
 *
 * <p>Faults can be combined; {@link #heal()} ends all of them. Every connection has one thread for reading and one for writing in each
 * direction, so a delay adds latency without reducing throughput.
 */
public final class TcpProxy implements AutoCloseable {
    private static final int CHUNK = 16 * 1024;
    private static final int MAX_CHUNKS_IN_FLIGHT = 64;
    private static final int CONNECT_MILLIS = 5_000;
    private static final byte[] END = {};

    private record Network(boolean cut, boolean frozen, Duration delay, long bytesPerSecond) {
        static final Network HEALTHY = new Network(false, false, Duration.ZERO, Long.MAX_VALUE);
    }

    private static final class Chunk {
        private final byte[] bytes;
        private final long arrivedAt = System.nanoTime();

        Chunk(byte[] bytes) {
            this.bytes = bytes;
        }
    }

    private final String host;
    private final int targetPort;
    private final ServerSocket listener;
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private volatile Network network = Network.HEALTHY;
    private volatile boolean closed;

    private TcpProxy(String host, int targetPort, ServerSocket listener) {
        this.host = host;
        this.targetPort = targetPort;
        this.listener = listener;
    }

    /** Starts to listen. The proxy opens one connection to the server for each connection that it accepts. */
    public static TcpProxy to(String host, int port) {
        try {
            ServerSocket listener = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
            TcpProxy proxy = new TcpProxy(host, port, listener);
            Thread.ofPlatform().daemon().name("proxy-to-" + port).start(proxy::accept);
            return proxy;
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }

    public int port() {
        return listener.getLocalPort();
    }

    /** The number of open connections. */
    public int connections() {
        return connections.size();
    }

    /** Resets all connections and every new one, like a firewall that rejects them. Both ends notice at once. */
    public void cut() {
        change(now -> new Network(true, now.frozen, now.delay, now.bytesPerSecond));
        reset();
    }

    /** Resets all connections. New connections work. */
    public void reset() {
        connections.forEach(connection -> connection.end(true));
    }

    /** Stops all traffic without closing connections, like an unplugged cable. Data in flight arrives after {@link #heal()}. */
    public void freeze() {
        change(now -> new Network(now.cut, true, now.delay, now.bytesPerSecond));
    }

    /** Delays all traffic, in each direction. */
    public void delay(Duration delay) {
        change(now -> new Network(now.cut, now.frozen, delay, now.bytesPerSecond));
    }

    /** Limits the bandwidth, in each direction of each connection. */
    public void bandwidth(long bytesPerSecond) {
        change(now -> new Network(now.cut, now.frozen, now.delay, bytesPerSecond));
    }

    /** Ends all faults. Connections that were reset stay closed. */
    public void heal() {
        change(now -> Network.HEALTHY);
    }

    /** Stops listening and closes all connections. A second call does nothing. */
    @Override
    public void close() {
        closed = true;
        closeQuietly(listener);
        connections.forEach(connection -> connection.end(false));
    }

    private void change(UnaryOperator<Network> how) {
        lock.lock();
        try {
            network = how.apply(network);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void accept() {
        while (!closed) {
            try {
                Socket client = listener.accept();
                Connection connection = new Connection(client);
                connections.add(connection);
                Thread.ofVirtual().start(connection::open);
            } catch (IOException cause) {
                if (!closed) {
                    throw new UncheckedIOException(cause);
                }
            }
        }
    }

    private static void closeQuietly(AutoCloseable what) {
        try {
            what.close();
        } catch (Exception alreadyGone) {
            // Already closed.
        }
    }

    private final class Connection {
        private final Socket client;
        private final Socket server = new Socket();
        private final AtomicInteger openDirections = new AtomicInteger(2);
        private final AtomicBoolean ended = new AtomicBoolean();

        Connection(Socket client) {
            this.client = client;
        }

        void open() {
            try {
                // On a frozen network a client cannot find out whether the server is reachable.
                awaitDelivery(new Chunk(END), System.nanoTime());
                // Checked after the connection was registered. A concurrent cut() either sees this connection or is
                // seen here.
                if (network.cut || closed) {
                    end(true);
                    return;
                }
                client.setTcpNoDelay(true);
                server.setTcpNoDelay(true);
                server.connect(new InetSocketAddress(host, targetPort), CONNECT_MILLIS);
                pump(client.getInputStream(), server);
                pump(server.getInputStream(), client);
            } catch (IOException | InterruptedException unreachable) {
                end(true);
            }
        }

        private void pump(InputStream from, Socket to) {
            BlockingQueue<Chunk> inFlight = new LinkedBlockingQueue<>(MAX_CHUNKS_IN_FLIGHT);
            Thread.ofVirtual().start(() -> read(from, inFlight));
            Thread.ofVirtual().start(() -> write(inFlight, to));
        }

        private void read(InputStream in, BlockingQueue<Chunk> inFlight) {
            byte[] buffer = new byte[CHUNK];
            try {
                for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                    inFlight.put(new Chunk(Arrays.copyOf(buffer, length)));
                }
                inFlight.put(new Chunk(END));
            } catch (IOException | InterruptedException broken) {
                end(true);
                inFlight.clear();
                inFlight.add(new Chunk(END));
            }
        }

        private void write(BlockingQueue<Chunk> inFlight, Socket to) {
            try {
                OutputStream out = to.getOutputStream();
                long sentAt = System.nanoTime();
                for (Chunk chunk = inFlight.take(); chunk.bytes.length > 0; chunk = inFlight.take()) {
                    awaitDelivery(chunk, sentAt);
                    sentAt = System.nanoTime();
                    out.write(chunk.bytes);
                }
                to.shutdownOutput();
                if (openDirections.decrementAndGet() == 0) {
                    end(false);
                }
            } catch (IOException | InterruptedException broken) {
                end(true);
            }
            // A reader must not wait for room in a queue that has no consumer any more.
            inFlight.clear();
        }

        /** @param sentAt when the previous chunk was sent; the bandwidth limit counts from there */
        private void awaitDelivery(Chunk chunk, long sentAt) throws InterruptedException {
            lock.lock();
            try {
                while (!ended.get()) {
                    long arrives = chunk.arrivedAt + network.delay.toNanos();
                    long passed = sentAt + TimeUnit.SECONDS.toNanos(chunk.bytes.length) / network.bytesPerSecond;
                    long left = Math.max(arrives, passed) - System.nanoTime();
                    if (network.frozen) {
                        changed.await();
                    } else if (left > 0) {
                        changed.awaitNanos(left);
                    } else {
                        return;
                    }
                }
            } finally {
                lock.unlock();
            }
        }

        void end(boolean abruptly) {
            if (ended.getAndSet(true)) {
                return;
            }
            connections.remove(this);
            for (Socket socket : List.of(client, server)) {
                if (abruptly) {
                    resetOnClose(socket);
                }
                closeQuietly(socket);
            }
            change(now -> now);
        }

        private static void resetOnClose(Socket socket) {
            try {
                socket.setSoLinger(true, 0);
            } catch (SocketException alreadyClosed) {
                // The socket is closed already.
            }
        }
    }
}
