package dev.lockstep.order;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.messaging.MessagingSchema;
import dev.lockstep.testing.DatabaseTemplate;
import dev.lockstep.testing.VertxDatabase;
import io.vertx.sqlclient.Tuple;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** 100,000 orders: half of them belong to one user, and only a few are cancelled. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class OrderListIT {
    private static final int LIMIT = 50;
    private static final String[] ALL = {"PENDING", "CONFIRMED", "CANCELLED"};
    private static final String[] RARE = {"CANCELLED"};
    private static final UUID MAX_ORDER_ID = new UUID(-1L, -1L);
    // The cursor in the middle of all orders.
    private static final UUID MIDDLE = UUID.fromString("01999999-0000-7000-8000-00000000c350");

    private static final DatabaseTemplate TABLES =
            DatabaseTemplate.ofService("orders", MessagingSchema::migrate, "db/migration/order");

    @RegisterExtension
    static final VertxDatabase database = new VertxDatabase(TABLES, 1);

    @BeforeAll
    static void fill() {
        database.database().execute("""
                INSERT INTO orders (order_id, user_id, items, status, reason, total_amount, total_currency, traceparent)
                SELECT ('01999999-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid,
                       CASE WHEN i % 2 = 0 THEN 'u-many' ELSE 'u-' || i END,
                       '[]',
                       CASE WHEN i % 20000 = 0 THEN 'CANCELLED' ELSE 'CONFIRMED' END,
                       CASE WHEN i % 20000 = 0 THEN 'TIMED_OUT' END,
                       CASE WHEN i % 20000 <> 0 THEN 1 END,
                       CASE WHEN i % 20000 <> 0 THEN 'KRW' END,
                       ''
                  FROM generate_series(1, 100000) AS i
                """);
        database.database().execute("VACUUM ANALYZE orders");
    }

    @ParameterizedTest
    @MethodSource
    void a_page_reads_no_more_orders_than_its_statuses_could_fill(String sql, Tuple parameters, long statuses)
            throws JsonProcessingException {
        String plan = await(database.pool()
                .preparedQuery("EXPLAIN (ANALYZE, FORMAT JSON) " + sql)
                .execute(parameters)
                .map(rows -> rows.iterator().next().getValue(0).toString()));

        assertThat(ordersRead(new ObjectMapper().readTree(plan))).isPositive().isLessThanOrEqualTo(statuses * LIMIT);
    }

    static Stream<Arguments> a_page_reads_no_more_orders_than_its_statuses_could_fill() {
        return Stream.of(
                Arguments.of(OrderStore.LIST, parameters(ALL, MAX_ORDER_ID), 3),
                Arguments.of(OrderStore.LIST, parameters(ALL, MIDDLE), 3),
                Arguments.of(OrderStore.LIST, parameters(RARE, MIDDLE), 1),
                Arguments.of(
                        OrderStore.LIST_OF_USER, parameters(ALL, MAX_ORDER_ID).addValue("u-many"), 3),
                Arguments.of(OrderStore.LIST_OF_USER, parameters(ALL, MIDDLE).addValue("u-many"), 3),
                Arguments.of(OrderStore.LIST_OF_USER, parameters(ALL, MIDDLE).addValue("u-7"), 3),
                Arguments.of(
                        OrderStore.LIST_OF_USER, parameters(RARE, MAX_ORDER_ID).addValue("u-many"), 1));
    }

    private static Tuple parameters(String[] statuses, UUID before) {
        return Tuple.tuple().addValue(statuses).addValue(before).addValue(LIMIT);
    }

    /** The number of rows that the scans of the table returned or filtered out. */
    private static long ordersRead(JsonNode plan) {
        long read = 0;
        for (JsonNode node : plan.findParents("Relation Name")) {
            read += (node.path("Actual Rows").asLong()
                            + node.path("Rows Removed by Filter").asLong())
                    * node.path("Actual Loops").asLong();
        }
        return read;
    }
}
