package dev.lockstep.runtime;

import dev.lockstep.messaging.Messaging;
import dev.lockstep.messaging.consumer.MessageConsumer;
import dev.lockstep.messaging.delivery.MessageCodec;
import dev.lockstep.messaging.delivery.MessageHandler;
import dev.lockstep.messaging.http.Problem;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.sqlclient.Pool;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Opens what every service needs, reports its health, and closes it. A verticle opens it first and closes it last; its own parts are in
 * between:
 *
 * <pre>
 * open   pools, routes ─▶ messaging ─▶ consumer ─▶ HTTP server
 * close  consumer ─▶ messaging ─▶ pools
 * </pre>
 *
 * <p>The HTTP server is drained before the verticle is undeployed, see {@link HttpApi#listen}. Confined to the verticle's context.
 */
public final class ServiceResources {
    private final Vertx vertx;
    private final ServiceContext service;
    private final Pool pool;
    private final Pool backgroundPool;
    private final Pool readPool;
    private final ServiceRoutes routes;
    private @Nullable Messaging messaging;
    private @Nullable MessageConsumer consumer;

    private ServiceResources(Vertx vertx, ServiceContext service) {
        PostgresConfig postgres = service.config().postgres();
        String name = service.config().name();
        this.vertx = vertx;
        this.service = service;
        this.pool = postgres.pool(vertx, name + "-pg");
        this.backgroundPool = postgres.backgroundPool(vertx, name + "-background-pg");
        this.readPool = postgres.readPool(vertx, name + "-pg-read");
        this.routes = ServiceRoutes.open(vertx, service);
    }

    /** Opens pools and routes. The caller closes them with {@link #close}, even if its start fails later. */
    public static ServiceResources open(Vertx vertx, ServiceContext service) {
        return new ServiceResources(vertx, service);
    }

    /** The pool for requests. */
    public Pool pool() {
        return pool;
    }

    /** The pool of the consumer, see {@link PostgresConfig#backgroundPool}. */
    public Pool backgroundPool() {
        return backgroundPool;
    }

    /** The pool for requests that only read, see {@link PostgresConfig#readPool}. */
    public Pool readPool() {
        return readPool;
    }

    /** The service adds its routes to these. */
    public ServiceRoutes routes() {
        return routes;
    }

    /** Starts {@link Messaging}. Messages may be appended and consumed once the future has completed. */
    public Future<Void> startMessaging() {
        return Messaging.start(
                        vertx,
                        pool,
                        routes.operatorRouter(),
                        routes.messagingAccess(),
                        service.config().messagingOptions(),
                        service.telemetry())
                .onSuccess(this::messagingStarted)
                .mapEmpty();
    }

    private void messagingStarted(Messaging started) {
        messaging = started;
        HealthChecks health = service.health();
        health.register("relay", started::relayProblem);
        health.register("resends", started::resendProblem);
        health.warn("resends", started::resendWarning);
        health.registerLiveness("resends", started::resendStall);
        health.register("slot", started.slotMonitor()::problem);
        health.warn("slot", started.slotMonitor()::warning);
    }

    /** Why new work is refused: the replication slot retains too much WAL. Empty if it is accepted. */
    public Optional<Problem> refusal() {
        // Requests are served only after messaging has started.
        return messaging == null ? Optional.empty() : messaging.slotMonitor().refusal();
    }

    /** Starts the service's consumer of these topics. */
    public <M> Future<Void> startConsumer(List<String> topics, MessageCodec<M> codec, MessageHandler<M> handler) {
        return startConsumer(topics, codec, handler, topic -> true);
    }

    /**
     * Starts the service's consumer of these topics.
     *
     * @param accepts called for each topic before each poll; while it returns false, the topic's records stay in Kafka
     */
    public <M> Future<Void> startConsumer(
            List<String> topics, MessageCodec<M> codec, MessageHandler<M> handler, Predicate<String> accepts) {
        ServiceConfig config = service.config();
        MessageConsumer created = MessageConsumer.create(
                vertx,
                backgroundPool,
                config.messaging().consumerOptions(config.service(), topics, config.kafka()),
                codec,
                handler,
                accepts,
                service.telemetry());
        consumer = created;
        HealthChecks health = service.health();
        health.register("consumer", created::problem);
        health.warn("consumer", created::warning);
        health.registerLiveness("consumer", created::stall);
        return created.start();
    }

    /** Starts the HTTP server with the routes. */
    public Future<HttpServer> listen() {
        return HttpApi.listen(vertx, routes, service);
    }

    /** Stops the consumer, after the batch in flight. Completes at once if it was not started. */
    public Future<Void> stopConsumer() {
        MessageConsumer running = consumer;
        consumer = null;
        return running == null ? Future.succeededFuture() : running.stop();
    }

    /** Closes everything that is open. A part that does not close cleanly does not prevent the others from being closed. */
    public Future<Void> close() {
        return stopConsumer()
                .eventually(() -> messaging == null ? Future.succeededFuture() : messaging.stop())
                .eventually(routes::close)
                .eventually(readPool::close)
                .eventually(backgroundPool::close)
                .eventually(pool::close);
    }
}
