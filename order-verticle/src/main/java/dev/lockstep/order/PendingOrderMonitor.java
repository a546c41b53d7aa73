package dev.lockstep.order;

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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Monitors orders that stay PENDING for too long: the age of the oldest one, and how many of the oldest ones are unknown to the saga
 * service because their messages were lost. Read-only.
 */
final class PendingOrderMonitor {
    private static final Logger LOGGER = LoggerFactory.getLogger(PendingOrderMonitor.class);
    private static final long INTERVAL_MILLIS = Duration.ofSeconds(5).toMillis();
    private static final int MAX_CHECKED = 10;
    private static final String SAGA = "saga";

    private final Vertx vertx;
    private final Pool pool;
    private final OrderStore store;
    private final Peers peers;
    private final Duration warnAfter;
    private long timer = -1;
    private boolean stopped;
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
        this.vertx = vertx;
        this.pool = pool;
        this.store = store;
        this.peers = peers;
        this.warnAfter = warnAfter;
        Gauge.builder("lockstep.orders.oldest.pending.seconds", this, PendingOrderMonitor::oldestSeconds)
                .description("age of the oldest order that is PENDING, 0 if there is none")
                .register(meters);
        Gauge.builder("lockstep.orders.without.saga", this, PendingOrderMonitor::withoutSaga)
                .description("of the ten oldest orders that are PENDING for too long, those of which there is no saga")
                .register(meters);
    }

    void start() {
        check();
    }

    void stop() {
        stopped = true;
        vertx.cancelTimer(timer);
    }

    /** Describes the orders that have been pending for too long in one sentence. Empty if there are none. */
    Optional<String> warning() {
        Observation look = last;
        if (look.overdue() == 0 || look.oldest() == null) {
            return Optional.empty();
        }
        String sagas = look.unknown() != null
                ? "whether they have sagas is not known: " + look.unknown()
                : look.withoutSaga() == 0
                        ? "all of them have sagas, see GET /orders/{id}/timeline"
                        : "the saga service has no saga of " + look.withoutSaga()
                                + " of them: POST /outbox/resend with their ids as key sends their messages again";
        return Optional.of(
                "%s orders are PENDING for more than %s (ORDER_PENDING_WARNING_AFTER), the oldest, %s, for %.0f s; %s"
                        .formatted(
                                look.overdue() < MAX_CHECKED ? look.overdue() : MAX_CHECKED + " or more",
                                warnAfter,
                                look.oldest().orderId().value(),
                                look.oldest().ageSeconds(),
                                sagas));
    }

    private double oldestSeconds() {
        PendingOrder oldest = last.oldest();
        return oldest == null ? 0 : oldest.ageSeconds();
    }

    private double withoutSaga() {
        Observation look = last;
        return look.unknown() == null ? look.withoutSaga() : Double.NaN;
    }

    // The next check is scheduled after the previous one has completed, so that checks do not pile up on a slow
    // database.
    private void check() {
        store.oldestPending(pool, MAX_CHECKED)
                .compose(this::evaluate)
                .onSuccess(look -> last = look)
                .onFailure(cause -> LOGGER.atDebug().setCause(cause).log("pending orders could not be read"))
                .onComplete(done -> {
                    if (!stopped) {
                        timer = vertx.setTimer(INTERVAL_MILLIS, tick -> check());
                    }
                });
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
                    new Observation(oldest, overdue.size(), 0, "PEERS does not name the saga service"));
        }
        List<Future<Boolean>> known = new ArrayList<>();
        MultiMap query = MultiMap.caseInsensitiveMultiMap().add("obstacles", "false");
        overdue.forEach(order -> known.add(
                peers.find(SAGA, "/sagas/" + order.orderId().value(), query).map(Optional::isPresent)));
        return Future.join(known).transform(answered -> {
            long without = known.stream()
                    .filter(each -> each.succeeded() && !each.result())
                    .count();
            @Nullable String unknown = answered.failed() ? PeerUnavailableException.reason(answered.cause()) : null;
            return Future.succeededFuture(new Observation(oldest, overdue.size(), (int) without, unknown));
        });
    }
}
