package dev.lockstep.runtime;

import dev.lockstep.runtime.ConnectionGuard.CloseReason;
import dev.lockstep.runtime.ConnectionLimit.Admission;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.PrematureChannelClosureException;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.handler.stream.ChunkedWriteHandler;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.impl.HttpServerConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Admits connections, enforces their deadlines, and answers requests that are not valid HTTP. Valid requests that arrive in time reach the
 * router.
 */
final class HttpConnectionHandler {
    // The handler names that Vert.x uses.
    static final String ENCODER = "httpEncoder";
    private static final String HANDSHAKE_GUARD = "handshakeGuard";
    private static final String DECODER = "httpDecoder";
    private static final Logger LOGGER = LoggerFactory.getLogger(HttpConnectionHandler.class);
    private static final Duration LOG_INTERVAL = Duration.ofMinutes(1);

    private final HttpServerOptions options;
    private final HttpLimits limits;
    private final ConnectionLimit connections;
    private final AtomicInteger open = new AtomicInteger();
    private final Map<Admission, Counter> refusals = new EnumMap<>(Admission.class);
    private final Map<CloseReason, Counter> closeCounters = new EnumMap<>(CloseReason.class);
    private final Counter malformed;
    private final Object logLock = new Object();
    private long lastLogged = System.nanoTime() - LOG_INTERVAL.toNanos();
    private long notLogged;

    HttpConnectionHandler(
            HttpServerOptions options, HttpLimits limits, ConnectionLimit connections, MeterRegistry meters) {
        this.options = options;
        this.limits = limits;
        this.connections = connections;
        for (Admission refusal : new Admission[] {Admission.TOO_MANY, Admission.TOO_MANY_OF_ADDRESS}) {
            refusals.put(
                    refusal,
                    Counter.builder("lockstep.http.connections.refused")
                            .description("connections refused because a limit was reached and none was idle")
                            .tag("reason", refusal == Admission.TOO_MANY ? "total" : "address")
                            .register(meters));
        }
        for (CloseReason ending : CloseReason.values()) {
            closeCounters.put(
                    ending,
                    Counter.builder("lockstep.http.connections.ended")
                            .description("connections closed because of a timeout or to make room for new ones")
                            .tag(
                                    "reason",
                                    ending.name().toLowerCase(Locale.ROOT).replace('_', '-'))
                            .register(meters));
        }
        malformed = Counter.builder("lockstep.http.requests.malformed")
                .description("requests rejected because they were not well-formed HTTP/1.1")
                .register(meters);
        Gauge.builder("lockstep.http.connections.open", open, AtomicInteger::get)
                .description("open HTTP connections of this service")
                .register(meters);
    }

    /**
     * Called for each new connection to a port with TLS, before its handshake. It counts and has a deadline from then on, as a connection
     * whose first request is awaited.
     */
    void accepted(Channel connection) {
        connection.pipeline().addLast(new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                admit(channel).ifPresent(guard -> channel.pipeline().addFirst(HANDSHAKE_GUARD, guard));
            }
        });
    }

    /** Called for each new connection, before a request is read from it. */
    void connected(HttpConnection connection) {
        ChannelHandlerContext ctx = ((HttpServerConnection) connection).channelHandlerContext();
        Channel channel = ctx.channel();
        ChannelPipeline pipeline = ctx.pipeline();
        if (pipeline.get(HANDSHAKE_GUARD) instanceof ConnectionGuard handshake) {
            pipeline.remove(handshake);
            connections.release(handshake, address(channel).orElseThrow());
        }
        // Only for files over TLS, which are not served. It would hide from the guard what the client does not take.
        if (pipeline.get(ChunkedWriteHandler.class) != null) {
            pipeline.remove(ChunkedWriteHandler.class);
        }
        admit(channel).ifPresent(guard -> {
            open.incrementAndGet();
            channel.closeFuture().addListener(closed -> open.decrementAndGet());
            pipeline.replace(DECODER, DECODER, new StrictRequestDecoder(options, guard::headStarted));
            pipeline.addAfter(ENCODER, "connectionGuard", guard);
        });
    }

    /** Counts the connection until it is closed. Returns its guard, or closes the connection if it is refused. */
    private Optional<ConnectionGuard> admit(Channel channel) {
        InetAddress address = address(channel).orElse(null);
        if (address == null) {
            var _ = channel.close();
            return Optional.empty();
        }
        ConnectionGuard guard = new ConnectionGuard(limits, this::ended);
        Admission admission = connections.admit(guard, address, limits);
        if (admission != Admission.ADMITTED) {
            Objects.requireNonNull(refusals.get(admission)).increment();
            logLimit();
            var _ = channel.close();
            return Optional.empty();
        }
        channel.closeFuture().addListener(closed -> connections.release(guard, address));
        return Optional.of(guard);
    }

    private static Optional<InetAddress> address(Channel channel) {
        return channel.remoteAddress() instanceof InetSocketAddress remote
                ? Optional.ofNullable(remote.getAddress())
                : Optional.empty();
    }

    /** Answers a request that could not be decoded. */
    void rejectMalformed(HttpServerRequest request) {
        Throwable cause = request.decoderResult().cause();
        if (cause instanceof PrematureChannelClosureException) {
            request.connection().close();
            return;
        }
        malformed.increment();
        switch (cause) {
            case MalformedRequestException refused ->
                RawProblem.answer(request, refused.status(), String.valueOf(refused.getMessage()));
            case TooLongHttpLineException tooLong ->
                RawProblem.answer(
                        request,
                        414,
                        "The request line must have at most " + options.getMaxInitialLineLength() + " bytes");
            case TooLongHttpHeaderException tooLong ->
                RawProblem.answer(
                        request, 431, "The header fields must have at most " + options.getMaxHeaderSize() + " bytes");
            case null, default -> RawProblem.answer(request, 400, "The request is not valid HTTP");
        }
    }

    private void ended(CloseReason ending) {
        Objects.requireNonNull(closeCounters.get(ending)).increment();
        if (ending == CloseReason.EVICTED) {
            logLimit();
        }
    }

    private void logLimit() {
        long count;
        synchronized (logLock) {
            notLogged++;
            long now = System.nanoTime();
            if (now - lastLogged < LOG_INTERVAL.toNanos()) {
                return;
            }
            lastLogged = now;
            count = notLogged;
            notLogged = 0;
        }
        LOGGER.atWarn()
                .addKeyValue("connections", count)
                .addKeyValue("maxConnections", limits.maxConnections())
                .addKeyValue("maxConnectionsPerAddress", limits.maxConnectionsPerAddress())
                .log("HTTP_MAX_CONNECTIONS or HTTP_MAX_CONNECTIONS_PER_ADDRESS is reached: the connections that waited"
                        + " longest for their client were closed, or new connections were refused");
    }
}
