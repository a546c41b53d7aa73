package dev.lockstep.runtime;

import dev.lockstep.messaging.failure.FailureClassifier;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.nio.NioChannelOption;
import io.vertx.core.Completable;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.spi.metrics.ClientMetrics;
import io.vertx.core.tracing.TracingPolicy;
import io.vertx.sqlclient.impl.SocketConnectionBase;
import io.vertx.sqlclient.impl.pool.SqlConnectionPool.PooledConnection;
import io.vertx.sqlclient.internal.Connection;
import io.vertx.sqlclient.internal.command.CommandBase;
import io.vertx.sqlclient.spi.DatabaseMetadata;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.net.ExtendedSocketOptions;

/**
 * One connection of a {@link SessionPool}. It observes the outcome of its commands, so that the pool can close it instead of reusing it,
 * and closes itself if Postgres leaves a command unanswered for too long.
 */
final class PooledSession implements Connection {
    // Linux sends the first probe after KEEPALIVE_IDLE seconds of silence, then one every KEEPALIVE_INTERVAL seconds,
    // and drops the connection after KEEPALIVE_COUNT unanswered probes.
    private static final int KEEPALIVE_IDLE = 10;
    private static final int KEEPALIVE_INTERVAL = 5;
    private static final int KEEPALIVE_COUNT = 3;
    private static final int CLOSE_TIMEOUT_MILLIS = 1_000;
    // If the database is read-only for all sessions, retiring young ones would open a new session for each statement.
    private static final Duration MIN_AGE_TO_RETIRE = Duration.ofSeconds(1);

    private final Vertx vertx;
    private final SocketConnectionBase socket;
    private final SessionPool pool;
    private final long openedAt = System.nanoTime();
    private final AtomicInteger unanswered = new AtomicInteger();
    private final AtomicBoolean checkScheduled = new AtomicBoolean();
    private final Promise<Void> closed = Promise.promise();
    private volatile long lastResponseAt = openedAt;
    private volatile boolean unusable;
    private volatile Holder holder = new NoHolder();

    PooledSession(Vertx vertx, SocketConnectionBase socket, SessionPool pool) {
        this.vertx = vertx;
        this.socket = socket;
        this.pool = pool;
        keepAlive(socket.socket().channelHandlerContext().channel().config());
    }

    // Without keepalive, a server that disappears is only noticed when the connection is used next.
    private static void keepAlive(ChannelConfig config) {
        config.setOption(ChannelOption.SO_KEEPALIVE, true);
        config.setOption(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPIDLE), KEEPALIVE_IDLE);
        config.setOption(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPINTERVAL), KEEPALIVE_INTERVAL);
        config.setOption(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPCOUNT), KEEPALIVE_COUNT);
    }

    /** Whether the pool must not reuse this connection. */
    boolean isUnusable() {
        return unusable || System.nanoTime() - openedAt > pool.maxLifetime().toNanos();
    }

    /** Marks the connection so that the pool closes it once it is idle. */
    void retire() {
        unusable = true;
        if (holder instanceof PooledConnection pooled) {
            pooled.lifetimeEvictionTimestamp = 0;
        }
    }

    /** Closes the connection if it must not be reused. The future completes when the pool may continue; it never fails. */
    Future<Void> closeIfUnusable() {
        if (!isUnusable() || closed.future().isComplete()) {
            return Future.succeededFuture();
        }
        close(holder, (done, failure) -> {});
        return closed.future();
    }

    // The client closes gracefully: it sends a Terminate message, then waits without a limit for Postgres to close the
    // connection.
    private void abortAfterCloseTimeout() {
        vertx.setTimer(CLOSE_TIMEOUT_MILLIS, timer -> {
            if (!closed.future().isComplete()) {
                abort(socket.socket());
            }
        });
    }

    /** Closes the connection immediately, without a Terminate message. */
    static void abort(NetSocketInternal socket) {
        // Closes from the end of the pipeline, which bypasses the handler that would send the Terminate message.
        ChannelHandlerContext first = socket.channelHandlerContext().pipeline().firstContext();
        // A closed channel has no handlers.
        if (first != null) {
            var _ = first.close();
        }
    }

    @Override
    public <R> void schedule(CommandBase<R> command, Completable<R> handler) {
        // The timer may run on another event loop. It must not combine the new count with the time of an earlier
        // command.
        if (unanswered.get() == 0) {
            lastResponseAt = System.nanoTime();
        }
        unanswered.incrementAndGet();
        startResponseCheck();
        socket.schedule(command, (result, failure) -> {
            lastResponseAt = System.nanoTime();
            unanswered.decrementAndGet();
            if (failure != null && FailureClassifier.isSessionBound(failure)) {
                failed(failure);
            }
            handler.complete(result, failure);
        });
    }

    private void failed(Throwable failure) {
        boolean young = System.nanoTime() - openedAt < MIN_AGE_TO_RETIRE.toNanos();
        if (young && SessionFailures.mayAffectNewSessions(failure)) {
            return;
        }
        pool.failed(this, failure);
    }

    private void startResponseCheck() {
        if (!checkScheduled.getAndSet(true)) {
            scheduleResponseCheck(pool.responseTimeout().toNanos());
        }
    }

    // One timer per busy connection, not one per command.
    private void scheduleResponseCheck(long nanos) {
        vertx.setTimer(Math.max(1, nanos / 1_000_000), timer -> {
            if (closed.future().isComplete()) {
                return;
            }
            long left = pool.responseTimeout().toNanos() - (System.nanoTime() - lastResponseAt);
            if (unanswered.get() == 0) {
                checkScheduled.set(false);
                // A command sent at this moment may have seen the check as still scheduled.
                if (unanswered.get() > 0) {
                    startResponseCheck();
                }
            } else if (left > 0) {
                scheduleResponseCheck(left);
            } else {
                pool.closedUnresponsive();
                abort(socket.socket());
            }
        });
    }

    @Override
    public void init(Holder owner) {
        holder = owner;
        socket.init(new Holder() {
            @Override
            public void handleEvent(Object event) {
                owner.handleEvent(event);
            }

            @Override
            public void handleClosed() {
                // The pool removes the connection before the callers that wait for the close continue.
                owner.handleClosed();
                pool.remove(PooledSession.this);
                closed.tryComplete();
            }

            @Override
            public void handleException(Throwable failure) {
                owner.handleException(failure);
            }
        });
    }

    @Override
    public void close(Holder owner, Completable<Void> promise) {
        socket.close(owner, promise);
        abortAfterCloseTimeout();
    }

    /** The underlying connection that owns the socket, for callers that have to cut it. */
    @Override
    public Connection unwrap() {
        return socket;
    }

    @Override
    public boolean isIndeterminatePreparedStatementError(Throwable error) {
        return socket.isIndeterminatePreparedStatementError(error);
    }

    @Override
    public TracingPolicy tracingPolicy() {
        return socket.tracingPolicy();
    }

    @Override
    public SocketAddress server() {
        return socket.server();
    }

    @Override
    public String system() {
        return socket.system();
    }

    @Override
    public String database() {
        return socket.database();
    }

    @Override
    public String user() {
        return socket.user();
    }

    @Override
    @SuppressWarnings("rawtypes") // the interface declares a raw type
    public ClientMetrics metrics() {
        return socket.metrics();
    }

    @Override
    public boolean isSsl() {
        return socket.isSsl();
    }

    @Override
    public boolean isValid() {
        return socket.isValid();
    }

    @Override
    public int pipeliningLimit() {
        return socket.pipeliningLimit();
    }

    @Override
    public DatabaseMetadata getDatabaseMetaData() {
        return socket.getDatabaseMetaData();
    }

    @Override
    public int getProcessId() {
        return socket.getProcessId();
    }

    @Override
    public int getSecretKey() {
        return socket.getSecretKey();
    }

    private static final class NoHolder implements Holder {
        @Override
        public void handleEvent(Object event) {}

        @Override
        public void handleClosed() {}

        @Override
        public void handleException(Throwable failure) {}
    }
}
