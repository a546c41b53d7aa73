package dev.lockstep.messaging.transaction;

import io.netty.channel.ChannelHandlerContext;
import io.vertx.core.Future;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.impl.SocketConnectionBase;
import io.vertx.sqlclient.internal.Connection;
import io.vertx.sqlclient.internal.SqlConnectionInternal;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes a pooled connection instead of returning it to the pool. {@link SqlConnection#close} would return it together with the statement
 * that is still running on it. The client has no public method that closes the socket, so this class uses the client's internals. No other
 * class does.
 */
final class ConnectionCloser {
    private static final Logger LOGGER = LoggerFactory.getLogger(ConnectionCloser.class);
    private static final int MAX_WRAPPERS = 8;

    /** How long {@link #closeAndCancel} takes at most. */
    static final Duration CANCEL_TIMEOUT = Duration.ofSeconds(2);

    private ConnectionCloser() {}

    /**
     * Closes the socket and asks the server to cancel the running statement. The server then finds the socket closed, rolls back and
     * releases all locks. The future completes once the cancel request was sent, and never fails. A request that cannot be sent is logged
     * at DEBUG; the statement then runs until the server finds the socket closed.
     */
    static Future<Void> closeAndCancel(SqlConnection connection) {
        return close(connection)
                .compose(closed -> PgConnection.cast(connection).cancelRequest())
                .timeout(CANCEL_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
                .recover(cause -> logAndIgnore("failed to cancel the statement of a discarded connection", cause));
    }

    /** Closes the socket and lets the server finish the statement that it is executing. The future completes and never fails. */
    static Future<Void> close(SqlConnection connection) {
        if (!(connection instanceof SqlConnectionInternal internal)) {
            return connection.close().recover(cause -> logAndIgnore("failed to close a discarded connection", cause));
        }
        closeSocket(internal.unwrap());
        return Future.succeededFuture();
    }

    private static Future<Void> logAndIgnore(String what, Throwable cause) {
        LOGGER.atDebug().setCause(cause).log(what);
        return Future.succeededFuture();
    }

    // The pool wraps the connection that has the socket, and a service may wrap it again.
    private static void closeSocket(Connection outermost) {
        Connection inner = outermost;
        for (int wrapper = 0; wrapper < MAX_WRAPPERS && !(inner instanceof SocketConnectionBase); wrapper++) {
            inner = inner.unwrap();
        }
        if (inner instanceof SocketConnectionBase connected) {
            // Bypasses the handler that would send Terminate to the server and wait for it. A closed channel has no
            // handlers.
            ChannelHandlerContext first =
                    connected.socket().channelHandlerContext().pipeline().firstContext();
            if (first != null) {
                var _ = first.close();
            }
        }
    }
}
