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
 * One connection of a {@link SessionPool}. It watches how its commands end, so that the pool can close it instead of using it again,
 * and closes itself when Postgres leaves a command unanswered for too long.
 */
final class PooledSession implements Connection {
    // Linux sends the first probe after this many seconds of silence, and gives up after as many unanswered ones.
    private static final int KEEPALIVE_IDLE = 10;
    private static final int KEEPALIVE_INTERVAL = 5;
    private static final int KEEPALIVE_COUNT = 3;
    private static final int CLOSE_TIMEOUT_MILLIS = 1_000;
    // A database that is read-only for everybody must not have each statement open a session.
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

    // Otherwise a server that vanishes without a word is noticed by whoever uses the connection next.
    private static void keepAlive(ChannelConfig config) {
        config.setOption(ChannelOption.SO_KEEPALIVE, true);
        config.setOption(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPIDLE), KEEPALIVE_IDLE);
        config.setOption(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPINTERVAL), KEEPALIVE_INTERVAL);
        config.setOption(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPCOUNT), KEEPALIVE_COUNT);
    }

    /** Whether the pool must not hand it out again. */
    boolean isUnusable() {
        return unusable || System.nanoTime() - openedAt > pool.maxLifetime().toNanos();
    }

    /** Lets the pool close it once it is idle. */
    void retire() {
        unusable = true;
        if (holder instanceof PooledConnection pooled) {
            pooled.lifetimeEvictionTimestamp = 0;
        }
    }

    /** Closes it if it must not be handed out again. Completes, and never fails, once the pool may go on. */
    Future<Void> closeIfUnusable() {
        if (!isUnusable() || closed.future().isComplete()) {
            return Future.succeededFuture();
        }
        close(holder, (done, failure) -> {});
        return closed.future();
    }

    // The client's own way to close says goodbye and then waits for Postgres to close, however long that takes.
    private void abortAfterCloseTimeout() {
        vertx.setTimer(CLOSE_TIMEOUT_MILLIS, timer -> {
            if (!closed.future().isComplete()) {
                abort(socket);
            }
        });
    }

    /** Closes the connection from this side, without a word. */
    static void abort(SocketConnectionBase socket) {
        // From the end of the pipeline, past the handler that would say goodbye.
        ChannelHandlerContext first =
                socket.socket().channelHandlerContext().pipeline().firstContext();
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

    // One timer for a busy connection, and not one for each command.
    private void scheduleResponseCheck(long nanos) {
        vertx.setTimer(Math.max(1, nanos / 1_000_000), timer -> {
            if (closed.future().isComplete()) {
                return;
            }
            long left = pool.responseTimeout().toNanos() - (System.nanoTime() - lastResponseAt);
            if (unanswered.get() == 0) {
                checkScheduled.set(false);
                // One that was sent in this very moment took the watch for one that goes on.
                if (unanswered.get() > 0) {
                    startResponseCheck();
                }
            } else if (left > 0) {
                scheduleResponseCheck(left);
            } else {
                pool.closedUnresponsive();
                abort(socket);
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
                // The pool forgets the connection before anybody who waits for that goes on.
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

    /** The connection that has the socket, for those who have to cut it. */
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
    @SuppressWarnings("rawtypes") // as the interface has it
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
