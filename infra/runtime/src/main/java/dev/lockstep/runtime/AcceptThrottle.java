package dev.lockstep.runtime;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.vertx.core.Vertx;
import io.vertx.core.impl.transports.NioTransport;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.transport.Transport;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stops accepting while many accepted connections wait for their event loop. One thread accepts connections and another one counts and
 * limits them, so an event loop that is busy for a second would otherwise find thousands of open sockets. Connections that are not accepted
 * yet wait in the backlog of the operating system and use no file descriptor of this process.
 */
final class AcceptThrottle extends ChannelInboundHandlerAdapter {
    private static final Logger LOGGER = LoggerFactory.getLogger(AcceptThrottle.class);
    private static final int MAX_PENDING = 64;
    private static final Duration LOG_INTERVAL = Duration.ofMinutes(1);

    private final Channel server;
    private final Consumer<Channel> admission;
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicBoolean paused = new AtomicBoolean();

    private AcceptThrottle(Channel server, Consumer<Channel> admission) {
        this.server = server;
        this.admission = admission;
    }

    /**
     * The default Vert.x transport with a throttle on every server. A transport is the only hook that provides the channels of the servers.
     */
    static Transport transport() {
        return new ThrottledTransport();
    }

    /**
     * Calls the admission for each connection to a TLS server that is opened later, on the thread that accepts connections, before the
     * connection has an event loop. Vert.x itself shows a connection only after the handshake. Does nothing on another transport.
     */
    static void beforeHandshakes(Vertx vertx, Consumer<Channel> admission) {
        if (((VertxInternal) vertx).transport() instanceof ThrottledNioTransport transport) {
            transport.admission = admission;
        }
    }

    // When the channel becomes active, the handler that registers accepted connections is already in the pipeline. A
    // handler added last therefore receives failures to accept.
    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        ctx.pipeline().addLast(new AcceptFailures());
        ctx.fireChannelActive();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        waiting.incrementAndGet();
        if (message instanceof Channel accepted) {
            admission.accept(accepted);
        }
        ctx.fireChannelRead(message);
        if (message instanceof Channel accepted && accepted.isOpen()) {
            // The event loop runs this after the registration of the connection and the handlers that limit
            // connections.
            try {
                accepted.eventLoop().execute(this::connectionRegistered);
            } catch (IllegalStateException | RejectedExecutionException e) {
                // The event loop has shut down and closed the connection.
                connectionRegistered();
            }
        } else {
            connectionRegistered();
        }
        // Only the acceptor thread pauses. It sets the flag after autoRead, so that no event loop can resume accepting
        // before autoRead is off, which would leave it off for good.
        if (waiting.get() >= MAX_PENDING && !paused.get()) {
            server.config().setAutoRead(false);
            paused.set(true);
            // All pending connections may have been registered meanwhile. Then no connection is left to resume
            // accepting.
            resumeIfDrained();
        }
    }

    private void connectionRegistered() {
        waiting.decrementAndGet();
        resumeIfDrained();
    }

    private void resumeIfDrained() {
        if (waiting.get() < MAX_PENDING / 2 && paused.compareAndSet(true, false)) {
            server.config().setAutoRead(true);
        }
    }

    /**
     * Logs failures to accept at most once a minute. Netty pauses for a second after each failure and would log each with its stack trace.
     */
    private static final class AcceptFailures extends ChannelInboundHandlerAdapter {
        private long lastLogged = System.nanoTime() - LOG_INTERVAL.toNanos();

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            long now = System.nanoTime();
            if (now - lastLogged >= LOG_INTERVAL.toNanos()) {
                lastLogged = now;
                LOGGER.atWarn()
                        .addKeyValue("listening", ctx.channel().localAddress())
                        .addKeyValue("cause", cause.toString())
                        .log("cannot accept HTTP connections; if too many files are open, raise ulimit -n");
            }
        }
    }

    private static final class ThrottledTransport implements Transport {
        @Override
        public String name() {
            return NIO.name();
        }

        @Override
        public boolean available() {
            return NIO.available();
        }

        @Override
        public @Nullable Throwable unavailabilityCause() {
            return NIO.unavailabilityCause();
        }

        @Override
        public io.vertx.core.spi.transport.Transport implementation() {
            return new ThrottledNioTransport();
        }
    }

    private static final class ThrottledNioTransport extends NioTransport {
        private volatile Consumer<Channel> admission = accepted -> {};

        @Override
        public void configure(NetServerOptions options, boolean domainSocket, ServerBootstrap bootstrap) {
            super.configure(options, domainSocket, bootstrap);
            Consumer<Channel> admitting = options.isSsl() ? admission : accepted -> {};
            bootstrap.handler(new ChannelInitializer<>() {
                @Override
                protected void initChannel(Channel server) {
                    server.pipeline().addLast(new AcceptThrottle(server, admitting));
                }
            });
        }
    }
}
