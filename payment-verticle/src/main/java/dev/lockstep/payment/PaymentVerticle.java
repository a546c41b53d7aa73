package dev.lockstep.payment;

import dev.lockstep.contracts.Topics;
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
 * Opens the resources of the payment service and closes them in reverse order. The caller drains HTTP before it undeploys this verticle.
 * All behaviour is in the collaborators.
 */
public final class PaymentVerticle extends VerticleBase {
    private final PaymentConfig config;
    private final ServiceContext service;
    private final AccountStore accounts = new AccountStore();
    private final PaymentStore payments = new PaymentStore();
    private final LedgerStore ledger = new LedgerStore();
    private final LedgerAudit audit = new LedgerAudit();
    private @Nullable Pool pool;
    private @Nullable Pool readPool;
    private @Nullable Pool background;
    private @Nullable Messaging messaging;
    private @Nullable LedgerClosing closing;
    private @Nullable MessageConsumer consumer;

    PaymentVerticle(PaymentConfig config, ServiceContext service) {
        this.config = config;
        this.service = service;
    }

    @Override
    public Future<?> start() {
        ServiceConfig common = config.common();
        Pool opened = common.postgres().pool(vertx, "payment-pg");
        pool = opened;
        Pool reads = common.postgres().readPool(vertx, "payment-pg-read");
        readPool = reads;
        Router router = HttpApi.router(vertx, service);
        DepositProcessor deposits = new DepositProcessor(opened, accounts, new DepositStore(), ledger);
        new PaymentRoutes(reads, BoundedReads.of(vertx, reads), deposits, accounts, payments, ledger, audit)
                .mount(router);
        return startMessaging(opened, router)
                .compose(started -> startConsumer())
                .onSuccess(started -> startClosing(opened))
                .compose(started -> HttpApi.listen(vertx, router, service));
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

    private Future<Void> startConsumer() {
        ServiceConfig common = config.common();
        Pool own = common.postgres().backgroundPool(vertx, "payment-background-pg");
        background = own;
        MessageConsumer created = MessageConsumer.create(
                vertx,
                own,
                common.messaging().consumer(PaymentConfig.SERVICE, List.of(Topics.PAYMENT_COMMANDS), common.kafka()),
                PaymentMessages.CODEC,
                new PaymentProcessor(payments, accounts, ledger, new Outbox()),
                topic -> true,
                service.meters());
        consumer = created;
        service.health().register("consumer", created::problem);
        service.health().warn("consumer", created::warning);
        service.health().registerLiveness("consumer", created::stall);
        return created.start();
    }

    private void startClosing(Pool opened) {
        LedgerClosing started = new LedgerClosing(vertx, opened, audit, config.ledgerCloseInterval());
        closing = started;
        started.start();
    }

    @Override
    public Future<?> stop() {
        return stopped(consumer == null ? null : consumer.stop())
                .eventually(() -> stopped(closing == null ? null : closing.stop()))
                .eventually(() -> stopped(messaging == null ? null : messaging.stop()))
                .eventually(() -> stopped(readPool == null ? null : readPool.close()))
                .eventually(() -> stopped(background == null ? null : background.close()))
                .eventually(() -> stopped(pool == null ? null : pool.close()));
    }

    private static Future<Void> stopped(@Nullable Future<Void> stopping) {
        return stopping == null ? Future.succeededFuture() : stopping;
    }
}
