package dev.lockstep.runtime;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ServerChannel;
import io.netty.channel.SingleThreadEventLoop;
import io.netty.util.concurrent.EventExecutor;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stops accepting while many accepted connections wait for their event loop. One thread accepts and another counts and limits, so
 * that a loop which is busy for a second would otherwise find thousands of open sockets when it comes to counting them. What is not
 * accepted waits in the backlog of the operating system, and is no open file of this process.
 */
final class AcceptThrottle extends ChannelInboundHandlerAdapter {
    private static final Logger LOGGER = LoggerFactory.getLogger(AcceptThrottle.class);
    private static final int MOST_WAITING = 64;
    private static final Duration LOG_INTERVAL = Duration.ofMinutes(1);

    private final Channel server;
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicBoolean paused = new AtomicBoolean();

    private AcceptThrottle(Channel server) {
        this.server = server;
    }

    /** Throttles the servers of this Vert.x that listen on the port. Vert.x does not hand out their channels, its acceptor loops do. */
    static Future<Void> install(Vertx vertx, int port) {
        List<Future<Void>> installed = new ArrayList<>();
        for (EventExecutor acceptor : ((VertxInternal) vertx).acceptorEventLoopGroup()) {
            if (acceptor instanceof SingleThreadEventLoop loop) {
                Promise<Void> done = Promise.promise();
                loop.execute(() -> {
                    install(loop.registeredChannelsIterator(), port);
                    done.complete();
                });
                installed.add(done.future());
            }
        }
        return Future.all(installed).mapEmpty();
    }

    private static void install(Iterator<Channel> channels, int port) {
        while (channels.hasNext()) {
            if (channels.next() instanceof ServerChannel server
                    && server.localAddress() instanceof InetSocketAddress local
                    && local.getPort() == port) {
                ChannelPipeline pipeline = server.pipeline();
                pipeline.addFirst("acceptThrottle", new AcceptThrottle(server));
                pipeline.addLast("acceptFailures", new AcceptFailures(port));
            }
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        waiting.incrementAndGet();
        ctx.fireChannelRead(message);
        if (message instanceof Channel accepted && accepted.isOpen()) {
            // Behind its registration and all that limits connections.
            try {
                accepted.eventLoop().execute(this::begun);
            } catch (IllegalStateException | RejectedExecutionException e) {
                // Its event loop has ended, and the connection with it.
                begun();
            }
        } else {
            begun();
        }
        if (waiting.get() >= MOST_WAITING && paused.compareAndSet(false, true)) {
            server.config().setAutoRead(false);
            // All that waited may have begun meanwhile, and none is left that would go on.
            goOnIfFew();
        }
    }

    private void begun() {
        waiting.decrementAndGet();
        goOnIfFew();
    }

    private void goOnIfFew() {
        if (waiting.get() < MOST_WAITING / 2 && paused.compareAndSet(true, false)) {
            server.config().setAutoRead(true);
        }
    }

    /** Netty waits a second after each failure to accept, and would log each with its stack. */
    private static final class AcceptFailures extends ChannelInboundHandlerAdapter {
        private final int port;
        private long lastLogged = System.nanoTime() - LOG_INTERVAL.toNanos();

        AcceptFailures(int port) {
            this.port = port;
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            long now = System.nanoTime();
            if (now - lastLogged >= LOG_INTERVAL.toNanos()) {
                lastLogged = now;
                LOGGER.atWarn()
                        .addKeyValue("port", port)
                        .addKeyValue("cause", cause.toString())
                        .log("HTTP connections cannot be accepted; if too many files are open, raise ulimit -n");
            }
        }
    }
}
