package dev.lockstep.inventory;

import dev.lockstep.contracts.Topics;
import dev.lockstep.inventory.domain.StockDecider;
import dev.lockstep.messaging.Messaging;
import dev.lockstep.messaging.consumer.MessageConsumer;
import dev.lockstep.messaging.http.BoundedReads;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.runtime.HttpApi;
import dev.lockstep.runtime.ServiceConfig;
import dev.lockstep.runtime.ServiceContext;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.ext.web.Router;
import io.vertx.sqlclient.Pool;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Opens the resources of the inventory service and closes them in reverse order. The caller drains HTTP before it undeploys this verticle.
 * All behaviour is in the collaborators.
 */
public final class InventoryVerticle extends VerticleBase {
    private final ServiceConfig config;
    private final ServiceContext service;
    private @Nullable Pool pool;
    private @Nullable Pool readPool;
    private @Nullable Pool background;
    private @Nullable Messaging messaging;
    private @Nullable MessageConsumer consumer;

    InventoryVerticle(InventoryConfig config, ServiceContext service) {
        this.config = config.common();
        this.service = service;
    }

    @Override
    public Future<?> start() {
        Pool opened = config.postgres().pool(vertx, "inventory-pg");
        pool = opened;
        Pool reads = config.postgres().readPool(vertx, "inventory-pg-read");
        readPool = reads;
        ProductStore products = new ProductStore();
        Router router = HttpApi.router(vertx, service);
        ProductRoutes.mount(router, opened, reads, BoundedReads.of(vertx, reads), products);
        return startMessaging(opened, router)
                .compose(started -> startConsumer(products))
                .compose(started -> HttpApi.listen(vertx, router, service));
    }

    private Future<Void> startMessaging(Pool opened, Router router) {
        return Messaging.start(vertx, opened, router, config.messagingOptions(), service.meters())
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

    private Future<Void> startConsumer(ProductStore products) {
        InventoryProcessor processor = new InventoryProcessor(
                new InventoryMessages(), new ReservationStore(), products, new Outbox(), new StockDecider());
        Pool own = config.postgres().backgroundPool(vertx, "inventory-background-pg");
        background = own;
        MessageConsumer created = MessageConsumer.create(
                vertx,
                own,
                config.messaging()
                        .consumer(InventoryConfig.SERVICE, List.of(Topics.INVENTORY_COMMANDS), config.kafka()),
                InventoryMessages.CODEC,
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
        return close(consumer == null ? null : consumer.stop())
                .eventually(() -> close(messaging == null ? null : messaging.stop()))
                .eventually(() -> close(readPool == null ? null : readPool.close()))
                .eventually(() -> close(background == null ? null : background.close()))
                .eventually(() -> close(pool == null ? null : pool.close()));
    }

    private static Future<Void> close(@Nullable Future<Void> closing) {
        return closing == null ? Future.succeededFuture() : closing;
    }
}
