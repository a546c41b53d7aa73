package dev.lockstep.order;

import dev.lockstep.messaging.schedule.PeriodicTask;
import dev.lockstep.order.OrderStore.PendingOrder;
import dev.lockstep.runtime.PeerUnavailableException;
import dev.lockstep.runtime.Peers;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Monitors orders that stay PENDING for too long: the age of the oldest one, and how many of the oldest ones are unknown to the saga
 * service because their messages were lost. Read-only.
 */
final class PendingOrderMonitor {
    private static final Duration INTERVAL = Duration.ofSeconds(5);
    private static final int MAX_CHECKED = 10;
    private static final String SAGA = "saga";

    private final Pool pool;
    private final OrderStore store;
    private final Peers peers;
    private final Duration warnAfter;
    private final PeriodicTask checks;
    private volatile Observation last = new Observation(null, 0, 0, null);

    /**
     * The result of one check.
     *
     * @param oldest the oldest pending order, or null if there is none
     * @param overdue how many of the oldest orders have been pending for too long
     * @param withoutSaga how many of the overdue orders the saga service does not know
     * @param unknown the reason why {@code withoutSaga} is unknown, or null if it is known
     */
    private record Observation(
            @Nullable PendingOrder oldest,
            int overdue,
            int withoutSaga,
            @Nullable String unknown) {}

    /** @param warnAfter age above which a pending order causes a warning */
    PendingOrderMonitor(
            Vertx vertx, Pool pool, OrderStore store, Peers peers, Duration warnAfter, MeterRegistry meters) {
        this.pool = pool;
        this.store = store;
        this.peers = peers;
        this.warnAfter = warnAfter;
        this.checks = new PeriodicTask(vertx, "reading the pending orders", INTERVAL, this::check);
        Gauge.builder("lockstep.orders.oldest.pending.seconds", this, PendingOrderMonitor::oldestSeconds)
                .description("age of the oldest PENDING order, 0 if there is none")
                .register(meters);
        Gauge.builder("lockstep.orders.without.saga", this, PendingOrderMonitor::withoutSaga)
                .description("overdue PENDING orders without a saga, among the ten oldest; NaN if that is unknown")
                .register(meters);
    }

    void start() {
        checks.startAfter(Duration.ZERO);
    }

    /** Stops the checks. Completes once no check is in progress. */
    Future<Void> stop() {
        return checks.stop();
    }

    /** Describes the orders that have been pending for too long in one sentence. Empty if there are none. */
    Optional<String> warning() {
        Observation observation = last;
        if (observation.overdue() == 0 || observation.oldest() == null) {
            return Optional.empty();
        }
        String sagas = observation.unknown() != null
                ? "whether they have sagas is unknown: " + observation.unknown()
                : observation.withoutSaga() == 0
                        ? "all of them have sagas; see GET /orders/{id}/timeline"
                        : "the saga service has no saga for " + observation.withoutSaga()
                                + " of them: send their messages again with POST /outbox/resend and their ids as key";
        return Optional.of(
                "orders PENDING for more than %s (ORDER_PENDING_WARNING_AFTER): %s; the oldest, %s, for %.0f s; %s"
                        .formatted(
                                warnAfter,
                                observation.overdue() < MAX_CHECKED ? observation.overdue() : MAX_CHECKED + " or more",
                                observation.oldest().orderId().value(),
                                observation.oldest().ageSeconds(),
                                sagas));
    }

    private double oldestSeconds() {
        PendingOrder oldest = last.oldest();
        return oldest == null ? 0 : oldest.ageSeconds();
    }

    private double withoutSaga() {
        Observation observation = last;
        return observation.unknown() == null ? observation.withoutSaga() : Double.NaN;
    }

    private Future<Boolean> check() {
        return store.oldestPending(pool, MAX_CHECKED)
                .compose(this::evaluate)
                .onSuccess(observation -> last = observation)
                .map(false);
    }

    private Future<Observation> evaluate(List<PendingOrder> pending) {
        @Nullable PendingOrder oldest = pending.isEmpty() ? null : pending.getFirst();
        List<PendingOrder> overdue = pending.stream()
                .filter(order -> order.ageSeconds() * 1000 > warnAfter.toMillis())
                .toList();
        if (overdue.isEmpty()) {
            return Future.succeededFuture(new Observation(oldest, 0, 0, null));
        }
        if (!peers.names().contains(SAGA)) {
            return Future.succeededFuture(
                    new Observation(oldest, overdue.size(), 0, "PEERS does not include the saga service"));
        }
        List<Future<Boolean>> known = new ArrayList<>();
        MultiMap query = MultiMap.caseInsensitiveMultiMap().add("obstacles", "false");
        overdue.forEach(order ->
                known.add(peers.findForService(SAGA, "/sagas/" + order.orderId().value(), query)
                        .map(Optional::isPresent)));
        return Future.join(known).transform(answered -> {
            long without = known.stream()
                    .filter(each -> each.succeeded() && !each.result())
                    .count();
            @Nullable String unknown = answered.failed() ? PeerUnavailableException.reason(answered.cause()) : null;
            return Future.succeededFuture(new Observation(oldest, overdue.size(), (int) without, unknown));
        });
    }
}
