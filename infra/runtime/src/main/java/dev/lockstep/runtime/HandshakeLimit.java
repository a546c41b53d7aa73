package dev.lockstep.runtime;

import io.vertx.core.Future;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.internal.VertxWrapper;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.ClientSSLOptions;
import io.vertx.core.net.ConnectOptions;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.SocketAddress;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Closes sockets whose Postgres handshake does not end within a limit. Vert.x hands out a connection only after its handshake, so without
 * this a server that accepts connections and never answers would cost a socket for every attempt.
 */
final class HandshakeLimit {
    private final VertxInternal vertx;
    private final Duration limit;
    private final Set<NetSocket> shakingHands = ConcurrentHashMap.newKeySet();

    HandshakeLimit(VertxInternal vertx, Duration limit) {
        this.vertx = vertx;
        this.limit = limit;
    }

    /** Returns a Vert.x whose network clients apply the limit. */
    VertxInternal observedVertx() {
        return new ObservedVertx();
    }

    /** Ends the limit of a socket, because its handshake has ended. */
    void ended(NetSocket socket) {
        shakingHands.remove(socket);
    }

    private void begun(NetSocket socket) {
        shakingHands.add(socket);
        vertx.setTimer(limit.toMillis(), timer -> {
            if (shakingHands.remove(socket)) {
                PooledSession.abort((NetSocketInternal) socket);
            }
        });
    }

    private final class ObservedVertx extends VertxWrapper {
        ObservedVertx() {
            super(vertx);
        }

        @Override
        public NetClient createNetClient(NetClientOptions options) {
            return new ObservedClient(super.createNetClient(options));
        }
    }

    private final class ObservedClient implements NetClient {
        private final NetClient client;

        ObservedClient(NetClient client) {
            this.client = client;
        }

        @Override
        public Future<NetSocket> connect(ConnectOptions options) {
            return client.connect(options).onSuccess(HandshakeLimit.this::begun);
        }

        @Override
        public Future<NetSocket> connect(int port, String host) {
            return client.connect(port, host).onSuccess(HandshakeLimit.this::begun);
        }

        @Override
        public Future<NetSocket> connect(int port, String host, String serverName) {
            return client.connect(port, host, serverName).onSuccess(HandshakeLimit.this::begun);
        }

        @Override
        public Future<NetSocket> connect(SocketAddress remote) {
            return client.connect(remote).onSuccess(HandshakeLimit.this::begun);
        }

        @Override
        public Future<NetSocket> connect(SocketAddress remote, String serverName) {
            return client.connect(remote, serverName).onSuccess(HandshakeLimit.this::begun);
        }

        @Override
        public Future<Void> shutdown(long timeout, TimeUnit unit) {
            return client.shutdown(timeout, unit);
        }

        @Override
        public Future<Boolean> updateSSLOptions(ClientSSLOptions options, boolean force) {
            return client.updateSSLOptions(options, force);
        }
    }
}
