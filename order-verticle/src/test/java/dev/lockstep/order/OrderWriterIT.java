package dev.lockstep.order;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.uuid.Generators;
import dev.lockstep.embedded.LocalPostgres;
import dev.lockstep.embedded.TestServers;
import dev.lockstep.messaging.MessagingSchema;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.messaging.record.TraceContext;
import dev.lockstep.order.PlaceOrderResult.Accepted;
import dev.lockstep.order.domain.NewOrder;
import dev.lockstep.order.domain.OrderId;
import dev.lockstep.order.domain.OrderLine;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class OrderWriterIT {
    private static final List<OrderLine> LINES = List.of(new OrderLine("p1", 1));

    private static Vertx vertx;
    private static OrderWriter placer;

    @BeforeAll
    static void start() throws IOException, SQLException {
        LocalPostgres postgres = TestServers.postgres();
        String database = TestServers.newDatabase("orders");
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(postgres.jdbcUrl(database));
        MessagingSchema.migrate(source);
        try (Connection connection = source.getConnection();
                Statement statement = connection.createStatement();
                InputStream schema = OrderWriterIT.class.getResourceAsStream("/db/migration/order/V001__orders.sql")) {
            statement.execute(new String(schema.readAllBytes(), StandardCharsets.UTF_8));
        }
        vertx = Vertx.vertx();
        Pool pool = PgBuilder.pool()
                .connectingTo(PgConnectOptions.fromUri(postgres.uri(database))
                        .setUser(LocalPostgres.USER)
                        .setPassword(LocalPostgres.PASSWORD))
                .with(new PoolOptions().setMaxSize(2))
                .using(vertx)
                .build();
        placer = new OrderWriter(pool, new OrderStore(), new Outbox(), new OrderMessages());
    }

    @AfterAll
    static void stop() {
        vertx.close().await();
    }

    @Test
    void batches_with_the_same_keys_in_opposite_order_do_not_deadlock() {
        for (int round = 0; round < 10; round++) {
            // Given
            List<PlaceOrder> one = placements("round-" + round);
            List<PlaceOrder> other = placements("round-" + round).reversed();

            // When
            Future<List<PlaceOrderResult>> first = placer.place(one);
            Future<List<PlaceOrderResult>> second = placer.place(other);

            // Then
            assertThat(orderIds(second.await()))
                    .isEqualTo(orderIds(first.await()).reversed());
        }
    }

    @Test
    void a_key_used_twice_in_a_batch_creates_one_order() {
        // Given
        List<PlaceOrder> batch = new ArrayList<>(placements("twice"));
        batch.addAll(placements("twice"));

        // When
        List<OrderId> ids = orderIds(placer.place(batch).await());

        // Then
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
