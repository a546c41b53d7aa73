package dev.lockstep.runtime;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.ScheduledFuture;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Closes a connection whose TLS handshake, request or response takes longer than {@link HttpLimits} allow, and tells {@link ConnectionLimit} whether the
 * connection may be closed to make room. Uses deadlines, not idle timeouts: a byte now and then does not extend them. The handler sees
 * decoded requests and responses that are not encoded yet. All methods run on the channel's event loop, except those documented as
 * thread-safe.
 */
final class ConnectionGuard extends ChannelDuplexHandler {
    /** The event that a connection waits for, in the order in which connections are closed to make room for new ones. */
    enum State {
        /** Waits for the first byte of a request. */
        IDLE,
        /** Waits for the rest of a request. */
        RECEIVING,
        /** Waits for the client to take a response. */
        SENDING,
        /** Waits for the service. Not closed to make room. */
        WORKING
    }

    /** Why a connection was closed. The name is the tag of a metric. */
    enum CloseReason {
        EVICTED,
        HEADER_TIMEOUT,
        BODY_TIMEOUT,
        REQUEST_TIMEOUT,
        MALFORMED_BODY
    }

    private enum ParsePhase {
        NOTHING,
        HEAD,
        BODY
    }

    private final HttpLimits limits;
    private final Consumer<CloseReason> onClose;
    private volatile @Nullable ChannelHandlerContext channel;
    private ParsePhase reading = ParsePhase.NOTHING;
    private boolean isNew = true;
    private boolean ended;
    // unanswered: requests whose response the client has not taken yet. responses: responses that have started.
    // Pipelining allows several of both.
    private int unanswered;
    private int responses;
    private int fullyWritten;
    private long headSince;
    private long bodySince;
    private long requestSince;
    private @Nullable ScheduledFuture<?> timer;
    private long timerAt;
    // Read by other threads.
    private volatile State state = State.IDLE;
    private volatile long since = System.nanoTime();

    ConnectionGuard(HttpLimits limits, Consumer<CloseReason> onClose) {
        this.limits = limits;
        this.onClose = onClose;
    }

    /** The current state. Thread-safe. */
    State state() {
        return state;
    }

    /** When the connection entered its state, by {@link System#nanoTime()}. Thread-safe. */
    long since() {
        return since;
    }

    /**
     * Closes the connection if it still waits for its client. Thread-safe.
     *
     * @param kept runs if the connection stays open because the service works on a request again; on the event loop, or on the calling
     *     thread if the connection has no channel yet
     */
    void evict(Runnable kept) {
        ChannelHandlerContext ctx = channel;
        if (ctx == null) {
            kept.run();
            return;
        }
        ctx.executor().execute(() -> {
            // The close listener of this connection has already run. If it were counted again, its count would never be
            // released.
            if (!ctx.channel().isActive()) {
                return;
            }
            if (state == State.WORKING) {
                kept.run();
            } else {
                end(ctx, CloseReason.EVICTED);
            }
        });
    }

    /** Called for the first bytes of a request, and for further bytes until its header section is complete. */
    void headStarted() {
        if (reading == ParsePhase.NOTHING) {
            reading = ParsePhase.HEAD;
            isNew = false;
            headSince = System.nanoTime();
            changed(headSince);
            watch(headSince, limits.headerTimeout());
        }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        channel = ctx;
        headSince = System.nanoTime();
        watch(headSince, limits.headerTimeout());
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        stopTimer();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        stopTimer();
        ctx.fireChannelInactive();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (ended) {
            ReferenceCountUtil.release(message);
            return;
        }
        if (message instanceof HttpRequest) {
            headRead();
        } else if (message instanceof HttpContent content
                && content.decoderResult().isFailure()) {
            content.release();
            end(ctx, CloseReason.MALFORMED_BODY);
            return;
        }
        if (message instanceof LastHttpContent) {
            reading = ParsePhase.NOTHING;
            changed(System.nanoTime());
        }
        ctx.fireChannelRead(message);
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        if (ended) {
            ReferenceCountUtil.release(message);
            promise.tryFailure(new ClosedChannelException());
            return;
        }
        boolean interim = false;
        if (message instanceof HttpResponse response) {
            interim = response.status().codeClass() == HttpStatusClass.INFORMATIONAL;
            responses += interim ? 0 : 1;
        }
        if (message instanceof LastHttpContent && !interim) {
            fullyWritten++;
            changed(System.nanoTime());
            var _ = ctx.write(message, promise.unvoid().addListener(flushed -> responseTaken()));
        } else {
            var _ = ctx.write(message, promise);
        }
    }

    private void headRead() {
        bodySince = System.nanoTime();
        reading = ParsePhase.BODY;
        if (unanswered++ == 0) {
            requestSince = headSince;
        }
        changed(bodySince);
        watch(bodySince, limits.bodyTimeout());
        watch(requestSince, limits.requestTimeout());
    }

    // The deadlines of a pipelined request start when the response before it has been taken.
    private void responseTaken() {
        long now = System.nanoTime();
        unanswered--;
        responses--;
        fullyWritten--;
        requestSince = now;
        if (reading == ParsePhase.HEAD) {
            headSince = now;
            watch(now, limits.headerTimeout());
        } else if (reading == ParsePhase.BODY) {
            bodySince = now;
            watch(now, limits.bodyTimeout());
        }
        changed(now);
    }

    private void changed(long now) {
        State current = current();
        if (current != state) {
            since = now;
            state = current;
        } else if (current == State.IDLE) {
            since = now;
        }
    }

    private State current() {
        if (unanswered > fullyWritten && !(unanswered == 1 && reading == ParsePhase.BODY)) {
            return State.WORKING;
        }
        if (unanswered > 0 && fullyWritten > 0) {
            return State.SENDING;
        }
        return reading == ParsePhase.NOTHING ? State.IDLE : State.RECEIVING;
    }

    private void watch(long from, Duration timeout) {
        ChannelHandlerContext ctx = channel;
        long at = from + timeout.toNanos();
        if (ctx == null || (timer != null && timerAt - at <= 0)) {
            return;
        }
        stopTimer();
        timerAt = at;
        timer = ctx.executor().schedule(() -> check(ctx), at - System.nanoTime(), TimeUnit.NANOSECONDS);
    }

    private void stopTimer() {
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }

    // One timer for all deadlines, rescheduled when it fires. Under load it fires once every few seconds, not once per
    // request.
    private void check(ChannelHandlerContext ctx) {
        timer = null;
        if (ended) {
            return;
        }
        boolean waitsForHead =
                unanswered == 0 && (reading == ParsePhase.HEAD || (reading == ParsePhase.NOTHING && isNew));
        boolean waitsForBody = unanswered <= 1 && reading == ParsePhase.BODY;
        boolean expired = (waitsForHead && expires(ctx, headSince, limits.headerTimeout(), CloseReason.HEADER_TIMEOUT))
                || (waitsForBody && expires(ctx, bodySince, limits.bodyTimeout(), CloseReason.BODY_TIMEOUT))
                || (unanswered > 0 && expires(ctx, requestSince, limits.requestTimeout(), CloseReason.REQUEST_TIMEOUT));
        if (expired) {
            stopTimer();
        }
    }

    private boolean expires(ChannelHandlerContext ctx, long from, Duration timeout, CloseReason ending) {
        if (System.nanoTime() - from - timeout.toNanos() < 0) {
            watch(from, timeout);
            return false;
        }
        end(ctx, ending);
        return true;
    }

    // Bypasses Vert.x and the handler of TLS, which would wait until the client has taken everything written before.
    private void end(ChannelHandlerContext ctx, CloseReason ending) {
        if (ended || !ctx.channel().isActive()) {
            return;
        }
        // An answer is possible only if the next response belongs to this request and no part of it has been sent.
        boolean canAnswer = ending != CloseReason.EVICTED
                && responses == 0
                && (ending == CloseReason.HEADER_TIMEOUT ? unanswered == 0 && !isNew : unanswered == 1);
        ended = true;
        onClose.accept(ending);
        if (!canAnswer) {
            var _ = ctx.pipeline().firstContext().close();
            return;
        }
        switch (ending) {
            case HEADER_TIMEOUT, BODY_TIMEOUT -> RawProblem.send(ctx, 408, "The request was not received in time");
            case REQUEST_TIMEOUT ->
                RawProblem.send(ctx, 503, "The request was not answered in time; it may have taken effect");
            case MALFORMED_BODY -> RawProblem.send(ctx, 400, "The body is not valid chunked encoding (RFC 9112)");
            case EVICTED -> throw new IllegalStateException("an evicted connection gets no response");
        }
    }
}
