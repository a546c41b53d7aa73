package dev.lockstep.order;

import com.fasterxml.uuid.Generators;
import com.fasterxml.uuid.impl.TimeBasedEpochGenerator;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.order.domain.NewOrder;
import dev.lockstep.order.domain.OrderId;
import dev.lockstep.order.domain.OrderLine;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import java.util.List;
import java.util.Map;

/**
 * The write path of new orders without HTTP, wired as {@link OrderVerticle} wires it. It is part of the benchmark suite, and in this
 * package because the classes that it measures are not public. Confined to one context.
 */
public final class OrderIntake {
    private static final String TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    private final TimeBasedEpochGenerator ids = Generators.timeBasedEpochGenerator();
    private final OrderWriter writer;
    private final OrderGroupCommit groupCommit;

    /**
     * @param pool a pool of the order service; the caller closes it
     * @param environment the settings of the order service
     */
    public OrderIntake(Context context, Pool pool, Map<String, String> environment) {
        OrderConfig config = OrderConfig.from(environment);
        writer = new OrderWriter(pool, new OrderStore(), new Outbox(), new OrderMessages());
        groupCommit = new OrderGroupCommit(
                new OrderGroupCommit.Limits(
                        config.intakeConnections(), config.intakeBatch(), config.intakeQueue(), config.intakeTimeout()),
                writer::place,
                task -> context.runOnContext(tick -> task.run()),
                System::nanoTime);
    }

    /** Places an order as {@code POST /orders} does. Completes once it is durable. */
    public Future<?> place(String userId, String productId) {
        return groupCommit.place(order(userId, productId));
    }

    /** Places an order in a transaction of its own: the same statements without the group commit. Completes once it is durable. */
    public Future<?> placeAlone(String userId, String productId) {
        return writer.place(List.of(order(userId, productId)));
    }

    private PlaceOrder order(String userId, String productId) {
        NewOrder order = new NewOrder(new OrderId(ids.generate()), userId, List.of(new OrderLine(productId, 2)));
        return new PlaceOrder(order, TRACEPARENT, null);
    }
}
