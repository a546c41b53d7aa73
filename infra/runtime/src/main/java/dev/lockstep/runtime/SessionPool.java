package dev.lockstep.runtime;

import dev.lockstep.messaging.failure.FailureClassifier;
import dev.lockstep.messaging.failure.FailureKind;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.internal.CloseFuture;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.net.NetClientOptions;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.impl.PgConnectionFactory;
import io.vertx.pgclient.impl.PgConnectionImpl;
import io.vertx.pgclient.spi.PgDriver;
import io.vertx.sqlclient.ClientBuilder;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.SqlConnectOptions;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.impl.SocketConnectionBase;
import io.vertx.sqlclient.internal.Connection;
import io.vertx.sqlclient.internal.SqlConnectionInternal;
import io.vertx.sqlclient.internal.pool.CloseablePool;
import io.vertx.sqlclient.internal.pool.PoolImpl;
import io.vertx.sqlclient.spi.ConnectionFactory;
import java.net.ConnectException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A pool of Vert.x Postgres connections. It does not reuse a connection after a failure of its session, after its maximum lifetime, or
 * after another connection met a failure that affects all sessions.
 *
 * <p>The client has the hooks that this needs (a driver, a connection factory, and a callback before a connection is recycled), but its
 * {@code PgBuilder} does not expose them.
 */
final class SessionPool extends PgDriver {
    private static final Logger LOGGER = LoggerFactory.getLogger(SessionPool.class);
    // Upper bound for the time until a retired idle connection is closed.
    private static final int CLEANER_MILLIS = 500;
    private static final Duration LOG_INTERVAL = Duration.ofSeconds(10);

    private final Limits limits;
    private final Set<PooledSession> open = ConcurrentHashMap.newKeySet();
    private final AtomicLong lastLoggedAt = new AtomicLong(System.nanoTime() - LOG_INTERVAL.toNanos());

    /**
     * @param maxLifetime maximum age of a connection, idle or not
     * @param responseTimeout how long Postgres may leave a command unanswered
     * @param connect how long opening a connection may take
     */
    record Limits(Duration maxLifetime, Duration responseTimeout, Duration connect) {}

    private SessionPool(Limits limits) {
        this.limits = limits;
    }

    /**
     * Opens a pool. The caller closes it.
     *
     * @param connect returns the options of the next connection
     */
    static Pool open(Vertx vertx, Supplier<Future<SqlConnectOptions>> connect, PoolOptions options, Limits limits) {
        PoolOptions bounded = new PoolOptions(options)
                .setPoolCleanerPeriod(CLEANER_MILLIS)
                .setMaxLifetime(Math.toIntExact(limits.maxLifetime().toMillis()))
                .setMaxLifetimeUnit(TimeUnit.MILLISECONDS);
        return ClientBuilder.pool(new SessionPool(limits))
                .connectingTo(connect)
                .with(bounded)
                .using(vertx)
                .build();
    }

    Duration maxLifetime() {
        return limits.maxLifetime();
    }

    Duration responseTimeout() {
        return limits.responseTimeout();
    }

    void failed(PooledSession session, Throwable failure) {
        session.retire();
        boolean all = SessionFailures.affectsAllSessions(failure);
        if (all) {
            open.forEach(PooledSession::retire);
        }
        warnRateLimited(
                "a Postgres session is no longer usable and is closed" + (all ? ", as are all other sessions" : ""),
                String.valueOf(failure.getMessage()));
    }

    void closedUnresponsive() {
        warnRateLimited(
                "Postgres did not answer a statement; the connection is closed", "no answer for " + responseTimeout());
    }

    void remove(PooledSession session) {
        open.remove(session);
    }

    private void warnRateLimited(String what, String reason) {
        long loggedAt = lastLoggedAt.get();
        long now = System.nanoTime();
        if (now - loggedAt >= LOG_INTERVAL.toNanos() && lastLoggedAt.compareAndSet(loggedAt, now)) {
            LOGGER.atWarn().addKeyValue("reason", reason).log(what);
        }
    }

    @Override
    public Pool newPool(
            Vertx vertx,
            Supplier<Future<PgConnectOptions>> databases,
            PoolOptions options,
            NetClientOptions transport,
            Handler<SqlConnection> connectHandler,
            CloseFuture closeFuture) {
        VertxInternal internal = (VertxInternal) vertx;
        ConnectionFactory<PgConnectOptions> factory = createConnectionFactory(vertx, transport);
        PoolImpl pool = new PoolImpl(
                internal,
                this,
                false,
                options,
                acquired -> Future.succeededFuture(),
                released -> ((PooledSession) released).closeIfUnusable(),
                context -> factory.connect(context, databases.get()).recover(SessionPool::unavailable),
                connectHandler,
                closeFuture);
        pool.init();
        closeFuture.add(factory);
        return new CloseablePool(internal, closeFuture, pool);
    }

    // Whatever prevents a connection, the transaction that waits for it has not begun. Some failures, such as a server
    // without TLS or a missing file, would otherwise count as failures of the caller.
    private static <T> Future<T> unavailable(Throwable failure) {
        if (FailureClassifier.classify(failure) != FailureKind.UNKNOWN) {
            return Future.failedFuture(failure);
        }
        ConnectException unavailable = new ConnectException(failure.getMessage());
        unavailable.initCause(failure);
        return Future.failedFuture(unavailable);
    }

    @Override
    public ConnectionFactory<PgConnectOptions> createConnectionFactory(Vertx vertx, NetClientOptions transport) {
        return new SessionFactory(new HandshakeLimit((VertxInternal) vertx, limits.connect()));
    }

    @Override
    public SqlConnectionInternal wrapConnection(
            ContextInternal context, ConnectionFactory<PgConnectOptions> factory, Connection connection) {
        return new Session((SessionFactory) factory, context, connection);
    }

    private final class SessionFactory extends PgConnectionFactory {
        private final HandshakeLimit handshakes;
        private volatile PgConnectOptions options = new PgConnectOptions();

        SessionFactory(HandshakeLimit handshakes) {
            super(handshakes.observedVertx());
            this.handshakes = handshakes;
        }

        // Without a limit, a server that accepts the connection and never responds would occupy a slot of the pool
        // forever.
        @Override
        protected Future<Connection> doConnectInternal(PgConnectOptions given, ContextInternal context) {
            options = given;
            Future<Connection> connecting = super.doConnectInternal(given, context);
            Future<Connection> inTime = connecting.timeout(limits.connect().toMillis(), TimeUnit.MILLISECONDS);
            connecting.onSuccess(late -> {
                if (inTime.failed()) {
                    PooledSession.abort(((SocketConnectionBase) late).socket());
                }
            });
            return inTime.map(opened -> {
                handshakes.ended(((SocketConnectionBase) opened).socket());
                PooledSession session = new PooledSession(vertx, (SocketConnectionBase) opened, SessionPool.this);
                open.add(session);
                return session;
            });
        }
    }

    /**
     * A connection whose cancel requests use the connect options of the factory, because it wraps a {@link PooledSession} and not the
     * socket.
     */
    private static final class Session extends PgConnectionImpl {
        private final SessionFactory sessions;

        Session(SessionFactory sessions, ContextInternal context, Connection connection) {
            super(sessions, context, connection);
            this.sessions = sessions;
        }

        @Override
        public Future<Void> cancelRequest() {
            return sessions.cancelRequest(sessions.options, processId(), secretKey());
        }
    }
}
