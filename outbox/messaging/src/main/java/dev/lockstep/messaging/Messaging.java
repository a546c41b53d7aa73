package dev.lockstep.messaging;

import dev.lockstep.messaging.consumer.MessageConsumer;
import dev.lockstep.messaging.deadletter.DeadLetterRoutes;
import dev.lockstep.messaging.deadletter.ReplayJobs;
import dev.lockstep.messaging.delivery.DeliveryRoutes;
import dev.lockstep.messaging.delivery.MessageCodec;
import dev.lockstep.messaging.http.BoundedReads;
import dev.lockstep.messaging.http.RouteAccess;
import dev.lockstep.messaging.operator.OperatorActionRoutes;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.messaging.outbox.OutboxRoutes;
import dev.lockstep.messaging.outbox.PartitionMaintenance;
import dev.lockstep.messaging.outbox.ResendRequested;
import dev.lockstep.messaging.replication.ReplicationSlotMonitor;
import dev.lockstep.messaging.resend.ResendJobs;
import dev.lockstep.messaging.resend.ResendRequestHandler;
import dev.lockstep.messaging.resend.ResendRoutes;
import dev.lockstep.messaging.tracing.Telemetry;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.ext.web.Router;
import io.vertx.sqlclient.Pool;
import java.util.Optional;

/**
 * The parts of the library that run in the background of every service: partition maintenance, HTTP routes, metrics, health, resends and
 * replays. A service appends messages with {@link Outbox}, and consumes them with a {@link MessageConsumer} of its own.
 */
public final class Messaging {
    private final PartitionMaintenance maintenance;
    private final OutboxMetrics metrics;
    private final ReplicationSlotMonitor slotMonitor;
    private final ResendJobs resends;
    private final ReplayJobs replays;
    private final MessageConsumer resendConsumer;

    private Messaging(
            PartitionMaintenance maintenance,
            OutboxMetrics metrics,
            ReplicationSlotMonitor slotMonitor,
            ResendJobs resends,
            ReplayJobs replays,
            MessageConsumer resendConsumer) {
        this.maintenance = maintenance;
        this.metrics = metrics;
        this.slotMonitor = slotMonitor;
        this.resends = resends;
        this.replays = replays;
        this.resendConsumer = resendConsumer;
    }

    /**
     * Mounts {@code /outbox}, {@code /inbox}, {@code /parked-messages}, {@code /delivery-incidents}, {@code /dead-letters} and
     * {@code /operator-actions} on the router and starts the background work.
     *
     * @param access decides who may use these routes; {@link RouteAccess#OPEN} permits everyone
     * @param pool the service's own pool; the caller closes it, after {@link #stop}
     * @return completes once today's partitions exist and the consumer of resend requests has started, so that messages may be appended and
     *     consumed; fails if that is not possible, after everything that was started has stopped
     */
    public static Future<Messaging> start(
            Vertx vertx,
            Pool pool,
            Router router,
            RouteAccess access,
            MessagingSettings options,
            MeterRegistry meters) {
        return start(vertx, pool, router, access, options, Telemetry.of(meters));
    }

    /** Starts the background work as above. Received requests to resend messages have spans. */
    public static Future<Messaging> start(
            Vertx vertx, Pool pool, Router router, RouteAccess access, MessagingSettings options, Telemetry telemetry) {
        MeterRegistry meters = telemetry.meters();
        BoundedReads reads = BoundedReads.of(vertx, pool);
        OutboxRoutes.mount(router, access, reads);
        ReplayJobs replays = new ReplayJobs(vertx, pool, options.retention().inbox(), meters);
        DeadLetterRoutes.mount(router, access, pool, reads, replays);
        OperatorActionRoutes.mount(router, access, reads);
        DeliveryRoutes.mount(router, access, reads);
        ResendJobs resends = new ResendJobs(vertx, pool);
        ResendRoutes.mount(
                router, access, pool, reads, resends, options.retention().inbox());
        MessageConsumer resendConsumer = MessageConsumer.create(
                vertx,
                pool,
                options.resendRequests(),
                MessageCodec.of(ResendRequested.class),
                new ResendRequestHandler(options.source(), options.retention().inbox()),
                topic -> true,
                telemetry);
        PartitionMaintenance maintenance = new PartitionMaintenance(
                vertx,
                pool,
                options.retention().outbox(),
                options.retention().inbox(),
                options.retention().deadLetters());
        ReplicationSlotMonitor monitor =
                new ReplicationSlotMonitor(vertx, pool, options.slot(), options.slotLimits(), meters);
        OutboxMetrics metrics = new OutboxMetrics(vertx, pool, options.relayStalledAfter(), meters);
        Messaging messaging = new Messaging(maintenance, metrics, monitor, resends, replays, resendConsumer);
        return messaging
                .startAll()
                .map(messaging)
                .recover(failure -> messaging.stop().transform(stopped -> Future.failedFuture(failure)));
    }

    private Future<Void> startAll() {
        return maintenance
                .start()
                .compose(done -> metrics.start())
                .compose(done -> slotMonitor.start())
                .compose(done -> resendConsumer.start())
                .onSuccess(started -> {
                    resends.start();
                    replays.start();
                });
    }

    /** Stops the background work. Completes when it has ended; the routes stay mounted. */
    public Future<Void> stop() {
        resends.stop();
        replays.stop();
        return resendConsumer
                .stop()
                .eventually(maintenance::stop)
                .eventually(slotMonitor::stop)
                .eventually(metrics::stop);
    }

    /** Why the outbox is not being relayed, in one sentence; empty while it is. */
    public Optional<String> relayProblem() {
        return metrics.problem();
    }

    /** Why this service does not receive requests to send its messages again, in one sentence; empty while it receives them. */
    public Optional<String> resendProblem() {
        return resendConsumer.problem();
    }

    /** A problem of the consumer of resend requests that an operator should see although requests are consumed; empty if there is none. */
    public Optional<String> resendWarning() {
        return resendConsumer.warning();
    }

    /** Why the consumer behind {@link #resendProblem} is stalled; empty while it makes progress. */
    public Optional<String> resendStall() {
        return resendConsumer.stall();
    }

    /** The monitor of the replication slot. */
    public ReplicationSlotMonitor slotMonitor() {
        return slotMonitor;
    }
}
