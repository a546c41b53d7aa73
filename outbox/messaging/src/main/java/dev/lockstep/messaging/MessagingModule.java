package dev.lockstep.messaging;

import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.ext.web.Router;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.util.Optional;

/** Everything around the outbox and the inbox that a service wants whatever it does: partitions, HTTP routes, metrics, health. */
public final class MessagingModule {
    private final PartitionMaintenance maintenance;
    private final OutboxMetrics metrics;
    private final SlotGuardian guardian;

    private MessagingModule(PartitionMaintenance maintenance, OutboxMetrics metrics, SlotGuardian guardian) {
        this.maintenance = maintenance;
        this.metrics = metrics;
        this.guardian = guardian;
    }

    /**
     * Mounts {@code /outbox}, {@code /dead-letters} and {@code /operator-actions} on the router and starts the rest.
     *
     * @param pool the service's own; it stays the caller's to close, after {@link #stop}
     * @param slot the replication slot that the outbox is relayed from, wherever that happens
     * @return completes once today's partitions exist, so that messages may be appended and consumed
     */
    public static Future<MessagingModule> start(
            Vertx vertx,
            Pool pool,
            Router router,
            Duration outboxRetention,
            Duration inboxRetention,
            String slot,
            SlotLimits slotLimits,
            MeterRegistry meters) {
        OutboxRoutes.mount(router, pool);
        DeadLetterRoutes.mount(router, pool);
        OperatorActionRoutes.mount(router, pool);
        PartitionMaintenance maintenance = new PartitionMaintenance(vertx, pool, outboxRetention, inboxRetention);
        SlotGuardian guardian = new SlotGuardian(vertx, pool, slot, slotLimits, meters);
        OutboxMetrics metrics = new OutboxMetrics(vertx, pool, meters);
        return maintenance
                .start()
                .compose(done -> metrics.start())
                .compose(done -> guardian.start())
                .map(started -> new MessagingModule(maintenance, metrics, guardian));
    }

    public Future<Void> stop() {
        guardian.stop();
        metrics.stop();
        return maintenance.stop();
    }

    /** Why the outbox is not being relayed, in one sentence, or empty when it is. */
    public Optional<String> relayProblem() {
        return metrics.problem();
    }

    /** What watches the replication slot. */
    public SlotGuardian guardian() {
        return guardian;
    }
}
