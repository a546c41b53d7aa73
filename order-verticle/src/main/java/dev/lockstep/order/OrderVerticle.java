package dev.lockstep.order;

import dev.lockstep.contracts.Topics;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.order.OrderGroupCommit.Limits;
import dev.lockstep.order.domain.OrderLifecycle;
import dev.lockstep.runtime.Peers;
import dev.lockstep.runtime.ServiceContext;
import dev.lockstep.runtime.ServiceResources;
import io.micrometer.core.instrument.Gauge;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Opens the resources of the order service and closes them in reverse order. All behaviour is in the collaborators. */
public final class OrderVerticle extends VerticleBase {
    private final OrderConfig config;
    private final ServiceContext service;
    private @Nullable ServiceResources resources;
    private @Nullable Peers peers;
    private @Nullable PendingOrderMonitor pending;

    OrderVerticle(OrderConfig config, ServiceContext service) {
        this.config = config;
        this.service = service;
    }

    @Override
    public Future<?> start() {
        ServiceResources opened = ServiceResources.open(vertx, service);
        resources = opened;
        Peers openedPeers = Peers.open(vertx, service, config.peers());
        peers = openedPeers;
        OrderStore store = new OrderStore();
        OrderMessages messages = new OrderMessages();
        OrderProcessor processor =
                new OrderProcessor(store, new Outbox(service.tracing()), messages, new OrderLifecycle());
        PendingOrderMonitor monitor = new PendingOrderMonitor(
                vertx, opened.pool(), store, openedPeers, config.pendingWarningAfter(), service.meters());
        pending = monitor;
        service.health().register("orders", Optional::empty);
        service.health().warn("orders", monitor::warning);
        new OrderRoutes(
                        opened.pool(),
                        OrderQueries.of(vertx, opened.readPool(), store, new TimelineAssembler(openedPeers)),
                        groupCommit(new OrderWriter(opened.pool(), store, new Outbox(service.tracing()), messages)),
                        processor,
                        opened::refusal)
                .mount(opened.routes());
        return opened.startMessaging()
                .compose(
                        started -> opened.startConsumer(List.of(Topics.ORDER_COMMANDS), OrderMessages.CODEC, processor))
                .onSuccess(started -> monitor.start())
                .compose(started -> opened.listen());
    }

    private OrderGroupCommit groupCommit(OrderWriter writer) {
        Limits limits = new Limits(
                config.intakeConnections(), config.intakeBatch(), config.intakeQueue(), config.intakeTimeout());
        OrderGroupCommit intake = new OrderGroupCommit(limits, writer::place, this::atEndOfTick, System::nanoTime);
        Gauge.builder("lockstep.order.intake.waiting", intake, OrderGroupCommit::queueSize)
                .description("new orders that wait for a write")
                .register(service.meters());
        return intake;
    }

    private void atEndOfTick(Runnable task) {
        context.runOnContext(tick -> task.run());
    }

    @Override
    public Future<?> stop() {
        ServiceResources open = resources;
        if (open == null) {
            return Future.succeededFuture();
        }
        Future<Void> checks = pending == null ? Future.succeededFuture() : pending.stop();
        // Closing the peers ends a check that waits for one of them.
        if (peers != null) {
            peers.close();
        }
        return open.stopConsumer().eventually(() -> checks).eventually(open::close);
    }
}
