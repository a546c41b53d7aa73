package dev.lockstep.order;

import dev.lockstep.contracts.Topics;
import dev.lockstep.messaging.Messaging;
import dev.lockstep.messaging.consumer.MessageConsumer;
import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.order.OrderGroupCommit.Limits;
import dev.lockstep.order.domain.OrderLifecycle;
import dev.lockstep.runtime.HttpApi;
import dev.lockstep.runtime.Peers;
import dev.lockstep.runtime.ServiceConfig;
import dev.lockstep.runtime.ServiceContext;
import io.micrometer.core.instrument.Gauge;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.ext.web.Router;
import io.vertx.sqlclient.Pool;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Opens the resources of the order service and closes them in reverse order. The caller drains HTTP before it undeploys this verticle. All
 * behaviour is in the collaborators.
 */
public final class OrderVerticle extends VerticleBase {
    private final OrderConfig config;
    private final ServiceContext service;
    private @Nullable Pool pool;
    private @Nullable Pool readPool;
    private @Nullable Pool background;
    private @Nullable Peers peers;
    private @Nullable Messaging messaging;
    private @Nullable MessageConsumer consumer;
    private @Nullable PendingOrderMonitor pending;

    OrderVerticle(OrderConfig config, ServiceContext service) {
        this.config = config;
        this.service = service;
    }

    @Override
    public Future<?> start() {
        ServiceConfig common = config.common();
        Pool opened = common.postgres().pool(vertx, "order-pg");
        pool = opened;
        Pool reads = common.postgres().readPool(vertx, "order-pg-read");
        readPool = reads;
        OrderStore store = new OrderStore();
        OrderMessages messages = new OrderMessages();
        OrderProcessor processor = new OrderProcessor(store, new Outbox(), messages, new OrderLifecycle());
        OrderWriter placer = new OrderWriter(opened, store, new Outbox(), messages);
        OrderGroupCommit intake = new OrderGroupCommit(limits(), placer::place, this::atEndOfTick, System::nanoTime);
        Gauge.builder("lockstep.order.intake.waiting", intake, OrderGroupCommit::queueSize)
                .description("new orders that wait for a write")
                .register(service.meters());
        Router router = HttpApi.router(vertx, service);
        Peers openedPeers = Peers.open(vertx, common, config.peers());
        peers = openedPeers;
        new OrderRoutes(
                        opened,
                        OrderQueries.of(vertx, reads, store, new TimelineAssembler(openedPeers)),
                        intake,
                        processor,
                        this::refusal)
                .mount(router);
        PendingOrderMonitor monitor = new PendingOrderMonitor(
                vertx, opened, store, openedPeers, config.pendingWarningAfter(), service.meters());
        pending = monitor;
        service.health().register("orders", Optional::empty);
        service.health().warn("orders", monitor::warning);
        return startMessaging(opened, router)
                .compose(started -> startConsumer(processor))
                .onSuccess(started -> monitor.start())
                .compose(started -> HttpApi.listen(vertx, router, service));
    }

    private Limits limits() {
        return new Limits(
                config.intakeConnections(), config.intakeBatch(), config.intakeQueue(), config.intakeTimeout());
    }

    // The reason why new orders are refused. Before messaging has started no request is served, so there is nothing to
    // refuse.
    private Optional<Problem> refusal() {
        return messaging == null ? Optional.empty() : messaging.slotMonitor().refusal();
    }

    private void atEndOfTick(Runnable task) {
        context.runOnContext(tick -> task.run());
    }

    private Future<Void> startMessaging(Pool opened, Router router) {
        return Messaging.start(vertx, opened, router, config.common().messagingOptions(), service.meters())
                .onSuccess(started -> {
                    messaging = started;
                    service.health().register("relay", started::relayProblem);
                    service.health().register("resends", started::resendProblem);
                    service.health().warn("resends", started::resendWarning);
                    service.health().registerLiveness("resends", started::resendStall);
                    service.health().register("slot", started.slotMonitor()::problem);
                    service.health().warn("slot", started.slotMonitor()::warning);
                })
                .mapEmpty();
    }

    private Future<Void> startConsumer(OrderProcessor processor) {
        ServiceConfig common = config.common();
        Pool own = common.postgres().backgroundPool(vertx, "order-background-pg");
        background = own;
        MessageConsumer created = MessageConsumer.create(
                vertx,
                own,
                common.messaging().consumer(OrderConfig.SERVICE, List.of(Topics.ORDER_COMMANDS), common.kafka()),
                OrderMessages.CODEC,
                processor,
                topic -> true,
                service.meters());
        consumer = created;
        service.health().register("consumer", created::problem);
        service.health().warn("consumer", created::warning);
        service.health().registerLiveness("consumer", created::stall);
        return created.start();
    }

    @Override
    public Future<?> stop() {
        Future<?> checks = close(pending == null ? null : pending.stop());
        // A check that waits for a peer ends now.
        if (peers != null) {
            peers.close();
        }
        return close(consumer == null ? null : consumer.stop())
                .eventually(() -> checks)
                .eventually(() -> close(messaging == null ? null : messaging.stop()))
                .eventually(() -> close(readPool == null ? null : readPool.close()))
                .eventually(() -> close(background == null ? null : background.close()))
                .eventually(() -> close(pool == null ? null : pool.close()));
    }

    private static Future<Void> close(@Nullable Future<Void> closing) {
        return closing == null ? Future.succeededFuture() : closing;
    }
}
