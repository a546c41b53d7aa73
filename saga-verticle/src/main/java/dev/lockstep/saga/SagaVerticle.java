package dev.lockstep.saga;

import dev.lockstep.contracts.Topics;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.messaging.schedule.PeriodicTask;
import dev.lockstep.runtime.Peers;
import dev.lockstep.runtime.ServiceContext;
import dev.lockstep.runtime.ServiceResources;
import dev.lockstep.saga.domain.OrderSaga;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Opens the resources of the saga service and closes them in reverse order. All behaviour is in the collaborators. */
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
    private @Nullable ServiceResources resources;
    private @Nullable Peers peers;
    private @Nullable PeriodicTask refreshTask;
    private @Nullable DeadlineSweeper sweeper;
    private @Nullable PeriodicTask cleanupTask;

    SagaVerticle(SagaConfig config, ServiceContext service) {
        this.config = config;
        this.service = service;
    }

    @Override
    public Future<?> start() {
        ServiceResources opened = ServiceResources.open(vertx, service);
        resources = opened;
        Peers openedPeers = Peers.open(vertx, service, config.peers());
        peers = openedPeers;
        SagaMessages messages = new SagaMessages();
        SagaStore store = new SagaStore(messages);
        SagaHistoryStore history = new SagaHistoryStore();
        ActiveSagas counts = new ActiveSagas(store, opened.pool(), config.maxActive(), service.meters());
        SagaProcessor processor = new SagaProcessor(
                new OrderSaga(config.deadlines()),
                messages,
                store,
                history,
                new Outbox(service.tracing()),
                new SagaMetrics(service.telemetry(), counts));
        SagaQueries queries = SagaQueries.of(
                vertx,
                opened.readPool(),
                new SagaViewStore(messages),
                history,
                new SagaDiagnosis(openedPeers, Clock.systemUTC()));
        new SagaRoutes(opened.pool(), queries, processor).mount(opened.routes());
        return opened.startMessaging()
                .compose(started -> counts.refresh())
                .compose(counted -> opened.startConsumer(
                        CONSUMED,
                        SagaMessages.CODEC,
                        processor,
                        // New orders wait in Kafka while too many sagas are active.
                        topic -> !topic.equals(Topics.ORDER_CREATED) || counts.hasCapacity()))
                .onSuccess(started -> startPeriodicTasks(opened, store, processor, counts))
                .compose(started -> opened.listen());
    }

    private void startPeriodicTasks(
            ServiceResources opened, SagaStore store, SagaProcessor processor, ActiveSagas counts) {
        PeriodicTask refreshing = new PeriodicTask(
                vertx, "saga count", REFRESH_INTERVAL, () -> counts.refresh().map(false));
        refreshTask = refreshing;
        refreshing.startAfter(REFRESH_INTERVAL);
        DeadlineSweeper deadlineSweeper =
                new DeadlineSweeper(vertx, opened.backgroundPool(), store, processor, config.sweepInterval());
        sweeper = deadlineSweeper;
        service.health().register("deadlines", deadlineSweeper::problem);
        deadlineSweeper.start(REPLY_GRACE_PERIOD);
        startCleanup(opened, store);
    }

    private void startCleanup(ServiceResources opened, SagaStore store) {
        Duration retention = config.retention();
        if (retention != null) {
            PeriodicTask cleanup = new PeriodicTask(
                    vertx,
                    "deletion of old sagas",
                    CLEANUP_INTERVAL,
                    () -> store.deleteEnded(opened.pool(), retention, CLEANUP_BATCH_SIZE)
                            .map(dropped -> Objects.equals(dropped, CLEANUP_BATCH_SIZE)));
            cleanupTask = cleanup;
            cleanup.startAfter(REPLY_GRACE_PERIOD);
        }
    }

    @Override
    public Future<?> stop() {
        ServiceResources open = resources;
        if (open == null) {
            return Future.succeededFuture();
        }
        if (peers != null) {
            peers.close();
        }
        return (sweeper == null ? Future.<Void>succeededFuture() : sweeper.stop())
                .eventually(open::stopConsumer)
                .eventually(() -> stop(refreshTask))
                .eventually(() -> stop(cleanupTask))
                .eventually(open::close);
    }

    private static Future<Void> stop(@Nullable PeriodicTask task) {
        return task == null ? Future.succeededFuture() : task.stop();
    }
}
