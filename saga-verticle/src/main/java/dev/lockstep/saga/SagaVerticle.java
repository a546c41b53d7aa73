package dev.lockstep.saga;

import dev.lockstep.contracts.Topics;
import dev.lockstep.messaging.Messaging;
import dev.lockstep.messaging.consumer.MessageConsumer;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.messaging.schedule.PeriodicTask;
import dev.lockstep.runtime.HttpApi;
import dev.lockstep.runtime.Peers;
import dev.lockstep.runtime.ServiceConfig;
import dev.lockstep.runtime.ServiceContext;
import dev.lockstep.saga.domain.OrderSaga;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.ext.web.Router;
import io.vertx.sqlclient.Pool;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Opens the resources of the saga service and closes them in reverse order. The caller drains HTTP before it undeploys this verticle. All
 * behaviour is in the collaborators.
 */
public final class SagaVerticle extends VerticleBase {
    static final List<String> CONSUMED = List.of(
            Topics.ORDER_CREATED,
            Topics.ORDER_CANCEL_REQUESTED,
            Topics.ORDER_CONFIRMED,
            Topics.ORDER_CANCELLED,
            Topics.INVENTORY_UPDATED,
            Topics.PAYMENT_UPDATED);

    private static final Duration REFRESH_INTERVAL = Duration.ofMillis(500);
    private static final Duration CLEANUP_INTERVAL = Duration.ofMinutes(1);
    private static final int CLEANUP_BATCH_SIZE = 1000;
    private static final Duration REPLY_GRACE_PERIOD = Duration.ofSeconds(5);

    private final SagaConfig config;
    private final ServiceContext service;
    private @Nullable Pool pool;
    private @Nullable Pool readPool;
    private @Nullable Pool background;
    private @Nullable Peers peers;
    private @Nullable Messaging messaging;
    private @Nullable PeriodicTask refreshTask;
    private @Nullable MessageConsumer consumer;
    private @Nullable DeadlineSweeper sweeper;
    private @Nullable PeriodicTask cleanupTask;

    SagaVerticle(SagaConfig config, ServiceContext service) {
        this.config = config;
        this.service = service;
    }

    @Override
    public Future<?> start() {
        ServiceConfig common = config.common();
        Pool opened = common.postgres().pool(vertx, "saga-pg");
        pool = opened;
        Pool reads = common.postgres().readPool(vertx, "saga-pg-read");
        readPool = reads;
        SagaMessages messages = new SagaMessages();
        SagaStore store = new SagaStore(messages);
        SagaHistoryStore history = new SagaHistoryStore();
        ActiveSagas counts = new ActiveSagas(store, opened, config.maxActive(), service.meters());
        SagaProcessor processor = new SagaProcessor(
                new OrderSaga(config.deadlines()),
                messages,
                store,
                history,
                new Outbox(),
                new SagaMetrics(service.meters(), counts));
        Router router = HttpApi.router(vertx, service);
        Peers asked = Peers.open(vertx, common, config.peers());
        peers = asked;
        SagaQueries shown = SagaQueries.of(
                vertx, reads, new SagaViewStore(messages), history, new SagaDiagnosis(asked, Clock.systemUTC()));
        new SagaRoutes(opened, shown, processor).mount(router);
        return startMessaging(opened, router)
                .compose(started -> counts.refresh())
                .compose(counted -> startConsumer(processor, counts))
                .onSuccess(started -> startPeriodicTasks(opened, store, processor, counts))
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

    private Future<Void> startConsumer(SagaProcessor processor, ActiveSagas counts) {
        ServiceConfig common = config.common();
        Pool own = common.postgres().backgroundPool(vertx, "saga-background-pg");
        background = own;
        MessageConsumer created = MessageConsumer.create(
                vertx,
                own,
                common.messaging().consumer(SagaConfig.SERVICE, CONSUMED, common.kafka()),
                SagaMessages.CODEC,
                processor,
                topic -> !topic.equals(Topics.ORDER_CREATED) || counts.hasCapacity(),
                service.meters());
        consumer = created;
        service.health().register("consumer", created::problem);
        service.health().warn("consumer", created::warning);
        service.health().registerLiveness("consumer", created::stall);
        return created.start();
    }

    private void startPeriodicTasks(Pool opened, SagaStore store, SagaProcessor processor, ActiveSagas counts) {
        PeriodicTask refreshing = new PeriodicTask(
                vertx, "saga count", REFRESH_INTERVAL, () -> counts.refresh().map(false));
        refreshTask = refreshing;
        refreshing.startAfter(REFRESH_INTERVAL);
        DeadlineSweeper deadlineSweeper = new DeadlineSweeper(
                vertx, Objects.requireNonNull(background), store, processor, config.sweepInterval());
        sweeper = deadlineSweeper;
        service.health().register("deadlines", deadlineSweeper::problem);
        deadlineSweeper.start(REPLY_GRACE_PERIOD);
        startCleanup(opened, store);
    }

    private void startCleanup(Pool opened, SagaStore store) {
        Duration retention = config.retention();
        if (retention != null) {
            PeriodicTask cleanup = new PeriodicTask(
                    vertx,
                    "deletion of old sagas",
                    CLEANUP_INTERVAL,
                    () -> store.deleteEnded(opened, retention, CLEANUP_BATCH_SIZE)
                            .map(dropped -> Objects.equals(dropped, CLEANUP_BATCH_SIZE)));
            cleanupTask = cleanup;
            cleanup.startAfter(REPLY_GRACE_PERIOD);
        }
    }

    @Override
    public Future<?> stop() {
        if (peers != null) {
            peers.close();
        }
        return stopped(sweeper == null ? null : sweeper.stop())
                .eventually(() -> stopped(consumer == null ? null : consumer.stop()))
                .eventually(() -> stopped(refreshTask == null ? null : refreshTask.stop()))
                .eventually(() -> stopped(cleanupTask == null ? null : cleanupTask.stop()))
                .eventually(() -> stopped(messaging == null ? null : messaging.stop()))
                .eventually(() -> stopped(readPool == null ? null : readPool.close()))
                .eventually(() -> stopped(background == null ? null : background.close()))
                .eventually(() -> stopped(pool == null ? null : pool.close()));
    }

    private static Future<Void> stopped(@Nullable Future<Void> stopping) {
        return stopping == null ? Future.succeededFuture() : stopping;
    }
}
