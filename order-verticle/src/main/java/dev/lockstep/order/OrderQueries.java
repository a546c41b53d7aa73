package dev.lockstep.order;

import dev.lockstep.messaging.http.BoundedReads;
import dev.lockstep.messaging.http.ConcurrencyLimit;
import dev.lockstep.order.domain.Order;
import dev.lockstep.order.domain.OrderId;
import dev.lockstep.runtime.auth.Credentials;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Reads orders for HTTP requests. It uses a connection pool separate from the one that places orders. Assembling a timeline sends every
 * service about a dozen requests, so only two timelines are assembled concurrently.
 */
final class OrderQueries {
    private static final int MAX_CONCURRENT_TIMELINES = 2;
    private static final int MAX_QUEUED_TIMELINES = 16;
    private static final Duration MAX_WAIT = Duration.ofSeconds(5);

    private final Pool pool;
    private final OrderStore store;
    private final TimelineAssembler timeline;
    private final BoundedReads lists;
    private final ConcurrencyLimit timelines;

    private OrderQueries(
            Pool pool, OrderStore store, TimelineAssembler timeline, BoundedReads lists, ConcurrencyLimit timelines) {
        this.pool = pool;
        this.store = store;
        this.timeline = timeline;
        this.lists = lists;
        this.timelines = timelines;
    }

    /** @param pool for reads; the caller closes it */
    static OrderQueries of(Vertx vertx, Pool pool, OrderStore store, TimelineAssembler timeline) {
        return new OrderQueries(
                pool,
                store,
                timeline,
                BoundedReads.of(vertx, pool),
                new ConcurrencyLimit(vertx, "timelines", MAX_CONCURRENT_TIMELINES, MAX_QUEUED_TIMELINES, MAX_WAIT));
    }

    Future<Optional<Order>> find(OrderId id) {
        return store.find(pool, id);
    }

    /** Fails with a 503 {@link dev.lockstep.messaging.http.Problem} if too many lists are being read. */
    Future<List<Order>> list(OrderFilter query) {
        return lists.read(tx -> store.list(tx, query));
    }

    /**
     * Empty if the order does not exist. Fails with a 503 {@link dev.lockstep.messaging.http.Problem} if too many timelines are being
     * assembled.
     *
     * @param credentials those of the caller, with which the peers are asked
     */
    Future<Optional<Timeline>> timeline(OrderId id, Credentials credentials) {
        return timelines.run(() -> Future.all(store.find(pool, id), store.traceparent(pool, id))
                .compose(found -> {
                    Optional<Order> order = found.resultAt(0);
                    Optional<String> traceparent = found.resultAt(1);
                    return order.isEmpty()
                            ? Future.succeededFuture(Optional.empty())
                            : timeline.assemble(order.get(), traceparent.orElseThrow(), credentials)
                                    .map(Optional::of);
                }));
    }
}
