package dev.lockstep.order;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.uuid.Generators;
import dev.lockstep.messaging.MessagingSchema;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.messaging.record.TraceContext;
import dev.lockstep.order.PlaceOrderResult.Accepted;
import dev.lockstep.order.domain.NewOrder;
import dev.lockstep.order.domain.OrderId;
import dev.lockstep.order.domain.OrderLine;
import dev.lockstep.testing.DatabaseTemplate;
import dev.lockstep.testing.VertxDatabase;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
class OrderWriterIT {
    private static final List<OrderLine> LINES = List.of(new OrderLine("p1", 1));

    private static final DatabaseTemplate TABLES =
            DatabaseTemplate.ofService("orders", MessagingSchema::migrate, "db/migration/order");

    @RegisterExtension
    static final VertxDatabase database = new VertxDatabase(TABLES, 2);

    private final OrderWriter placer =
            new OrderWriter(database.pool(), new OrderStore(), new Outbox(), new OrderMessages());

    @Test
    void batches_with_the_same_keys_in_opposite_order_do_not_deadlock() {
        for (int round = 0; round < 10; round++) {
            List<PlaceOrder> one = placements("round-" + round);
            List<PlaceOrder> other = placements("round-" + round).reversed();

            Future<List<PlaceOrderResult>> first = placer.place(one);
            Future<List<PlaceOrderResult>> second = placer.place(other);

            assertThat(orderIds(await(second))).isEqualTo(orderIds(await(first)).reversed());
        }
    }

    @Test
    void a_key_used_twice_in_a_batch_creates_one_order() {
        List<PlaceOrder> batch = new ArrayList<>(placements("twice"));
        batch.addAll(placements("twice"));

        List<OrderId> ids = orderIds(await(placer.place(batch)));

        assertThat(ids.subList(0, ids.size() / 2))
                .doesNotHaveDuplicates()
                .isEqualTo(ids.subList(ids.size() / 2, ids.size()));
    }

    private static List<PlaceOrder> placements(String prefix) {
        return IntStream.range(0, 200)
                .mapToObj(i -> new PlaceOrder(
                        new NewOrder(
                                new OrderId(Generators.timeBasedEpochGenerator().generate()), "u1", LINES),
                        TraceContext.orNew(null),
                        Idempotency.of(prefix + "-" + i, "u1", LINES)))
                .toList();
    }

    private static List<OrderId> orderIds(List<PlaceOrderResult> placed) {
        return placed.stream().map(each -> ((Accepted) each).order().id()).toList();
    }
}
