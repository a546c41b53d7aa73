package dev.lockstep.launcher;

import dev.lockstep.runtime.ListeningServer;
import dev.lockstep.runtime.PostgresProbe;
import dev.lockstep.runtime.ServiceContext;
import dev.lockstep.runtime.ServiceMetrics;
import dev.lockstep.runtime.ServiceRoutes.ServedRoute;
import dev.lockstep.runtime.tracing.Tracing;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A running service. {@link #close()} stops it gracefully: it accepts no new work, lets work in flight finish, then closes everything. */
public final class RunningService implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(RunningService.class);
    private static final Duration MIN_STEP_TIMEOUT = Duration.ofSeconds(1);
    private static final Duration MAX_EXPORT_TIMEOUT = Duration.ofSeconds(5);

    private final ServiceContext context;
    private final ServiceMetrics metrics;
    private final Tracing tracing;
    private final AtomicBoolean closed = new AtomicBoolean();
    private @Nullable BackgroundTask relay;
    private @Nullable TopicProvisioner topics;
    private @Nullable Vertx vertx;
    private @Nullable PostgresProbe probe;
    private Optional<String> deployment = Optional.empty();

    RunningService(ServiceContext context, ServiceMetrics metrics, Tracing tracing) {
        this.context = context;
        this.metrics = metrics;
        this.tracing = tracing;
    }

    // Each part is registered as soon as it exists, so that a start that fails halfway closes the parts it has opened.
    void opened(BackgroundTask opened) {
        relay = opened;
    }

    void opened(TopicProvisioner opened) {
        topics = opened;
    }

    void opened(Vertx opened) {
        vertx = opened;
    }

    void opened(PostgresProbe opened) {
        probe = opened;
    }

    void deployed(String id) {
        deployment = Optional.of(id);
    }

    /** The port that the HTTP server listens on. Differs from the setting if HTTP_PORT is 0. */
    public int httpPort() {
        return Optional.ofNullable(vertx)
                .flatMap(ListeningServer::of)
                .orElseThrow(() -> new IllegalStateException(context.config().service() + " is not listening"))
                .actualPort();
    }

    /** The operations that the service serves, such as {@code GET /orders/{id}}. */
    public Set<String> operations() {
        return vertx == null
                ? Set.of()
                : ListeningServer.routes(vertx).stream()
                        .map(ServedRoute::operation)
                        .collect(Collectors.toUnmodifiableSet());
    }

    /** The port of the operators' routes: {@link #httpPort} unless they have a port of their own. */
    public int adminPort() {
        return Optional.ofNullable(vertx)
                .flatMap(ListeningServer::ofOperators)
                .orElseThrow(() -> new IllegalStateException(context.config().service() + " is not listening"))
                .actualPort();
    }

    /**
     * Stops the service. Readiness turns false, the HTTP server completes the requests it has accepted, then consumers, relay and
     * connections are closed. Takes about SHUTDOWN_TIMEOUT at most; work that has not finished by then is cut off, with a warning in the
     * log. A second call does nothing.
     */
    @Override
    public void close() {
        if (closed.getAndSet(true)) {
            return;
        }
        String service = context.config().service();
        long deadline =
                System.nanoTime() + context.config().process().shutdownTimeout().toNanos();
        context.health().register("lifecycle", () -> Optional.of("the service is stopping"));
        LOGGER.atInfo().addKeyValue("service", service).log("stopping");
        if (topics != null) {
            await("the check of the topics", left(deadline), topics::close);
        }
        if (vertx != null) {
            stop(vertx, deadline);
        }
        closeRelay();
        if (vertx != null) {
            closeVertx(vertx, deadline);
        }
        tracing.close(exportTimeout(deadline));
        metrics.close();
        LOGGER.atInfo().addKeyValue("service", service).log("stopped");
    }

    private void stop(Vertx running, long deadline) {
        // Requests get half of the remaining time, so that a request that hangs leaves time for the consumers to stop
        // cleanly.
        Duration half = left(deadline).dividedBy(2);
        await(
                "HTTP requests",
                half.plus(MIN_STEP_TIMEOUT),
                () -> Future.join(ListeningServer.all(running).stream()
                                .map(server -> server.shutdown(half.toMillis(), TimeUnit.MILLISECONDS))
                                .toList())
                        .mapEmpty());
        deployment.ifPresent(id -> await("the verticle", left(deadline), () -> running.undeploy(id)));
    }

    private void closeRelay() {
        if (relay == null) {
            return;
        }
        try {
            relay.close();
        } catch (RuntimeException e) {
            warn("the relay did not stop cleanly", e);
        }
    }

    private void closeVertx(Vertx running, long deadline) {
        if (probe != null) {
            PostgresProbe open = probe;
            await("the health connection", left(deadline), () -> open.close(running));
        }
        await("Vert.x", left(deadline), running::close);
    }

    private static Duration exportTimeout(long deadline) {
        Duration left = left(deadline);
        return left.compareTo(MAX_EXPORT_TIMEOUT) > 0 ? MAX_EXPORT_TIMEOUT : left;
    }

    private static Duration left(long deadline) {
        Duration left = Duration.ofNanos(deadline - System.nanoTime());
        return left.compareTo(MIN_STEP_TIMEOUT) < 0 ? MIN_STEP_TIMEOUT : left;
    }

    // A step that fails or times out must not prevent the steps after it.
    private void await(String what, Duration timeout, Supplier<Future<Void>> closing) {
        try {
            closing.get().toCompletionStage().toCompletableFuture().get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            warn(what + " did not stop within SHUTDOWN_TIMEOUT; unfinished work is aborted", null);
        } catch (ExecutionException e) {
            warn(what + " did not stop cleanly", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            warn("interrupted while stopping " + what, null);
        }
    }

    private void warn(String what, @Nullable Throwable cause) {
        LOGGER.atWarn()
                .setCause(cause)
                .addKeyValue("service", context.config().service())
                .log(what);
    }
}
