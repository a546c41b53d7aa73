package dev.lockstep.saga;

import dev.lockstep.contracts.Topics;
import dev.lockstep.messaging.MessagingModule;
import dev.lockstep.messaging.consumer.MessageConsumer;
import dev.lockstep.messaging.outbox.Outbox;
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
 * Opens what the saga needs and closes it in reverse; whoever deployed it has drained HTTP by then. All behaviour lives in
 * the collaborators.
 */
public final class SagaVerticle extends VerticleBase {
    static final List<String> CONSUMED = List.of(
            Topics.ORDER_CREATED,
            Topics.ORDER_CANCEL_REQUESTED,
            Topics.ORDER_CONFIRMED,
            Topics.ORDER_CANCELLED,
            Topics.INVENTORY_UPDATED,
            Topics.PAYMENT_UPDATED);

    private static final Duration CENSUS_INTERVAL = Duration.ofMillis(500);
    private static final Duration DROP_INTERVAL = Duration.ofMinutes(1);
    private static final int DROPPED_AT_ONCE = 1000;
    private static final Duration GRACE_FOR_REPLIES = Duration.ofSeconds(5);

    private final SagaConfig config;
    private final ServiceContext service;
    private @Nullable Pool pool;
    private @Nullable Pool readPool;
    private @Nullable Pool background;
    private @Nullable Peers peers;
    private @Nullable MessagingModule messaging;
    private @Nullable Repeating census;
    private @Nullable MessageConsumer consumer;
    private @Nullable DeadlineSweeper sweeper;
    private @Nullable Repeating dropping;

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
        SagaCensus counts = new SagaCensus(store, opened, config.maxActive(), service.meters());
        SagaProcessor processor = new SagaProcessor(
                new OrderSaga(config.deadlines()),
                messages,
                store,
                history,
                new Outbox(),
                new SagaOutcomes(service.meters(), counts));
        Router router = HttpApi.router(vertx, service);
        Peers asked = Peers.open(vertx, common, config.peers());
        peers = asked;
        SagaReads shown = SagaReads.of(
                vertx, reads, new SagaViewStore(messages), history, new Obstacles(asked, Clock.systemUTC()));
        new SagaRoutes(opened, shown, processor).mount(router);
        return startMessaging(opened, router)
                .compose(started -> counts.take())
                .compose(counted -> startConsumer(processor, counts))
                .onSuccess(started -> startLooking(opened, store, processor, counts))
                .compose(started -> HttpApi.listen(vertx, router, service));
    }

    private Future<Void> startMessaging(Pool opened, Router router) {
        return MessagingModule.start(vertx, opened, router, config.common().messagingOptions(), service.meters())
                .onSuccess(started -> {
                    messaging = started;
                    service.health().register("relay", started::relayProblem);
                    service.health().register("resends", started::resendProblem);
                    service.health().warn("resends", started::resendWarning);
                    service.health().registerLiveness("resends", started::resendStall);
                    service.health().register("slot", started.guardian()::problem);
                    service.health().warn("slot", started.guardian()::warning);
                })
                .mapEmpty();
    }

    private Future<Void> startConsumer(SagaProcessor processor, SagaCensus counts) {
        ServiceConfig common = config.common();
        Pool own = common.postgres().backgroundPool(vertx, "saga-background-pg");
        background = own;
        MessageConsumer created = MessageConsumer.create(
                vertx,
                own,
                common.messaging().consumer(SagaConfig.SERVICE, CONSUMED, common.kafka()),
                SagaMessages.CODEC,
                processor,
                topic -> !topic.equals(Topics.ORDER_CREATED) || counts.hasRoom(),
                service.meters());
        consumer = created;
        service.health().register("consumer", created::problem);
        service.health().warn("consumer", created::warning);
        service.health().registerLiveness("consumer", created::stall);
        return created.start();
    }

    private void startLooking(Pool opened, SagaStore store, SagaProcessor processor, SagaCensus counts) {
        Repeating counting = new Repeating(
                vertx, "counting sagas", CENSUS_INTERVAL, () -> counts.take().map(false));
        census = counting;
        counting.start(CENSUS_INTERVAL);
        DeadlineSweeper looking = new DeadlineSweeper(
                vertx, Objects.requireNonNull(background), store, processor, config.sweepInterval());
        sweeper = looking;
        service.health().register("deadlines", looking::problem);
        looking.start(GRACE_FOR_REPLIES);
        startDropping(opened, store);
    }

    private void startDropping(Pool opened, SagaStore store) {
        Duration retention = config.retention();
        if (retention != null) {
            Repeating drops = new Repeating(
                    vertx,
                    "dropping old sagas",
                    DROP_INTERVAL,
                    () -> store.dropEnded(opened, retention, DROPPED_AT_ONCE)
                            .map(dropped -> Objects.equals(dropped, DROPPED_AT_ONCE)));
            dropping = drops;
            drops.start(GRACE_FOR_REPLIES);
        }
    }

    @Override
    public Future<?> stop() {
        if (peers != null) {
            peers.close();
        }
        return stopped(sweeper == null ? null : sweeper.stop())
                .eventually(() -> stopped(consumer == null ? null : consumer.stop()))
                .eventually(() -> stopped(census == null ? null : census.stop()))
                .eventually(() -> stopped(dropping == null ? null : dropping.stop()))
                .eventually(() -> stopped(messaging == null ? null : messaging.stop()))
                .eventually(() -> stopped(readPool == null ? null : readPool.close()))
                .eventually(() -> stopped(background == null ? null : background.close()))
                .eventually(() -> stopped(pool == null ? null : pool.close()));
    }

    private static Future<Void> stopped(@Nullable Future<Void> stopping) {
        return stopping == null ? Future.succeededFuture() : stopping;
    }
}
