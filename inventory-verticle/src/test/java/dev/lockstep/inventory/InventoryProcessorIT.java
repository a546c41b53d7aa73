package dev.lockstep.inventory;

import static dev.lockstep.inventory.InventoryDatabase.received;
import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.lockstep.contracts.InventoryCommand;
import dev.lockstep.contracts.OrderItem;
import dev.lockstep.contracts.ReleaseStock;
import dev.lockstep.contracts.ReserveStock;
import dev.lockstep.inventory.domain.Money;
import dev.lockstep.inventory.domain.Product;
import dev.lockstep.inventory.domain.ProductId;
import dev.lockstep.messaging.delivery.ReceivedMessage;
import dev.lockstep.messaging.failure.UnprocessableMessagesException;
import io.vertx.core.Future;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.SqlConnection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
class InventoryProcessorIT {
    private static final String UPDATES_OF_PRODUCTS =
            "SELECT n_tup_upd FROM pg_stat_xact_user_tables WHERE relname = 'product'";
    private static final String WAITING =
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    private static final AtomicInteger TESTS = new AtomicInteger();

    @RegisterExtension
    static final InventoryDatabase database = new InventoryDatabase(4);

    private final int test = TESTS.incrementAndGet();
    private final String order = "order-" + test;
    private final String other = "other-" + test;
    private final String cup = "cup-" + test;
    private final String pot = "pot-" + test;

    @BeforeEach
    void putProducts() {
        database.put(cup, 2_000, "KRW", 10);
        database.put(pot, 30_000, "KRW", 3);
    }

    @Test
    void a_batch_decides_its_commands_one_after_the_other() {
        await(database.batch(List.of(
                reserve(order, cup, 6),
                reserve(other, cup, 5),
                new ReleaseStock(order),
                reserve(order, cup, 1),
                reserve(other + "-2", cup, 10))));

        assertThat(database.events(order))
                .containsExactly(stockReserved(order, 12_000), stockReleased(order), stockReleased(order));
        assertThat(database.events(other)).containsExactly(stockRejected(other, "OUT_OF_STOCK"));
        assertThat(database.events(other + "-2")).containsExactly(stockReserved(other + "-2", 20_000));
        assertThat(database.product(cup)).isEqualTo(new Product(new ProductId(cup), cup, krw(2_000), 0, 10));
    }

    @Test
    void only_orders_with_a_locked_product_or_reservation_are_blocked() {
        await(database.batch(List.of(reserve(order, pot, 1), reserve(other, pot, 1))));
        SqlConnection operator = await(database.pool.getConnection());
        await(operator.begin());
        await(operator.query("SELECT FROM product WHERE product_id = '" + cup + "' FOR UPDATE")
                .execute());
        await(operator.query("SELECT FROM reservation WHERE order_id = '" + other + "' FOR UPDATE")
                .execute());
        List<InventoryCommand> commands = List.of(
                reserve("new-" + test, cup, 1),
                reserve("free-" + test, pot, 1),
                new ReleaseStock(order),
                new ReleaseStock(other),
                reserve("unknown-" + test, "no-such-product", 1));

        List<ReceivedMessage<InventoryCommand>> messages = received(commands);
        Set<UUID> lockedOut =
                await(database.pool.withTransaction(tx -> database.processor.blockedMessages(tx, messages)));
        await(operator.close());

        assertThat(messages.stream()
                        .filter(each -> lockedOut.contains(each.messageId()))
                        .map(each -> each.message().orderId()))
                .containsExactlyInAnyOrder("new-" + test, other);
    }

    @Test
    void all_lines_are_held_or_none() {
        await(database.batch(List.of(
                new ReserveStock(order, List.of(new OrderItem(cup, 2), new OrderItem(pot, 4))),
                new ReserveStock(
                        other, List.of(new OrderItem(pot, 1), new OrderItem(cup, 2), new OrderItem(pot, 2))))));

        assertThat(database.events(order)).containsExactly(stockRejected(order, "OUT_OF_STOCK"));
        assertThat(database.events(other)).containsExactly(stockReserved(other, 94_000));
        assertThat(database.product(cup).reserved()).isEqualTo(2);
        assertThat(database.product(pot).reserved()).isEqualTo(3);
    }

    @Test
    void a_repeat_in_a_later_batch_changes_nothing_and_gets_the_current_state() {
        await(database.batch(List.of(reserve(order, cup, 2), reserve(other, cup, 100))));
        database.put(new ProductId(cup), new Money(9, "USD"), 1_000);

        await(database.batch(List.of(reserve(order, cup, 2), reserve(other, cup, 100))));

        assertThat(database.events(order)).containsExactly(stockReserved(order, 4_000), stockReserved(order, 4_000));
        assertThat(database.events(other))
                .containsExactly(stockRejected(other, "OUT_OF_STOCK"), stockRejected(other, "OUT_OF_STOCK"));
        assertThat(database.product(cup))
                .isEqualTo(new Product(new ProductId(cup), cup, new Money(9, "USD"), 1_000, 2));
    }

    @Test
    void a_release_returns_the_held_stock_once() {
        await(database.batch(List.of(new ReserveStock(order, List.of(new OrderItem(pot, 1), new OrderItem(cup, 2))))));

        await(database.batch(List.of(new ReleaseStock(order))));
        await(database.batch(List.of(new ReleaseStock(order), new ReleaseStock(order))));

        assertThat(database.events(order))
                .containsExactly(
                        stockReserved(order, 34_000), stockReleased(order), stockReleased(order), stockReleased(order));
        assertThat(database.product(cup)).isEqualTo(new Product(new ProductId(cup), cup, krw(2_000), 10, 0));
        assertThat(database.product(pot)).isEqualTo(new Product(new ProductId(pot), pot, krw(30_000), 3, 0));
    }

    @Test
    void a_release_that_arrives_first_blocks_its_reservation() {
        await(database.batch(List.of(new ReleaseStock(order))));

        await(database.batch(List.of(reserve(order, cup, 2))));

        assertThat(database.events(order)).containsExactly(stockReleased(order), stockReleased(order));
        assertThat(database.product(cup).reserved()).isZero();
    }

    @Test
    void products_that_do_not_exist_are_unknown() {
        await(database.batch(List.of(reserve(order, "nothing-like-it", 1))));

        assertThat(database.events(order)).containsExactly(stockRejected(order, "UNKNOWN_PRODUCT"));
    }

    @Test
    void products_in_different_currencies_are_rejected() {
        database.put("dollar-" + test, 100, "USD", 5);

        await(database.batch(List.of(
                new ReserveStock(order, List.of(new OrderItem(cup, 1), new OrderItem("dollar-" + test, 1))))));

        assertThat(database.events(order)).containsExactly(stockRejected(order, "MIXED_CURRENCIES"));
    }

    @Test
    void an_unprocessable_command_fails_permanently_and_changes_nothing() {
        database.put("gold-" + test, 9_007_199_254_740_991L, "KRW", 1_000_000);

        assertThatThrownBy(() ->
                        await(database.batch(List.of(reserve(other, cup, 1), reserve(order, "gold-" + test, 1_000)))))
                .asInstanceOf(InstanceOfAssertFactories.type(UnprocessableMessagesException.class))
                .satisfies(refused -> assertThat(refused.messages().values())
                        .singleElement()
                        .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo("TOTAL_TOO_LARGE"))
                        .satisfies(refusal -> assertThat(refusal).hasMessageContaining(order)));
        assertThat(database.events(other)).isEmpty();
        assertThat(database.product(cup).reserved()).isZero();
    }

    @Test
    void an_answer_belongs_to_the_trace_of_its_command() {
        String trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

        await(database.pool.withTransaction(tx ->
                database.processor.handle(tx, List.of(received(reserve(order, cup, 1), trace)))));

        assertThat(database.traceparents(order)).containsExactly(trace);
    }

    @Test
    void a_product_is_updated_once_per_batch() {
        database.put("hot-" + test, 1, "KRW", 450);
        List<ReserveStock> orders = IntStream.range(0, 500)
                .mapToObj(i -> reserve(order + "-" + i, "hot-" + test, 1))
                .toList();

        // The statistics of a session include earlier transactions that it has not reported yet.
        long updates = await(database.pool.withTransaction(tx -> updatesOfProducts(tx)
                .compose(before -> database.handle(tx, orders)
                        .compose(handled -> updatesOfProducts(tx))
                        .map(after -> after - before))));

        assertThat(updates).isEqualTo(1);
        assertThat(database.product("hot-" + test))
                .extracting(Product::available, Product::reserved)
                .containsExactly(0L, 450L);
    }

    @Test
    void concurrent_decisions_on_one_order_lose_no_reservation() {
        SqlConnection slow = await(database.pool.getConnection());
        var transaction = await(slow.begin());
        await(database.handle(slow, List.of(reserve(order, cup, 4))));

        Future<Void> crossing = database.batch(List.of(new ReleaseStock(order)));
        await().until(() -> await(database.pool.query(WAITING).execute()).size() > 0);
        await(transaction.commit());
        await(slow.close());

        assertThatThrownBy(() -> await(crossing)).isInstanceOf(ReservationChangedException.class);
        assertThat(database.product(cup).reserved()).isEqualTo(4);

        await(database.batch(List.of(new ReleaseStock(order))));

        assertThat(database.product(cup)).isEqualTo(new Product(new ProductId(cup), cup, krw(2_000), 10, 0));
        assertThat(database.events(order)).containsExactly(stockReserved(order, 8_000), stockReleased(order));
    }

    @Test
    void the_database_itself_refuses_to_oversell() {
        Future<Void> tooMany = database.pool
                .withTransaction(tx -> database.products.move(tx, Map.of(new ProductId(cup), 11L)))
                .mapEmpty();

        assertThatThrownBy(() -> await(tooMany))
                .asInstanceOf(InstanceOfAssertFactories.type(PgException.class))
                .satisfies(refusal -> assertThat(refusal.getSqlState()).isEqualTo("23514"));
    }

    private static ReserveStock reserve(String orderId, String productId, int qty) {
        return new ReserveStock(orderId, List.of(new OrderItem(productId, qty)));
    }

    private static Money krw(long amount) {
        return new Money(amount, "KRW");
    }

    private static String stockReserved(String orderId, long total) {
        return "StockReserved {\"orderId\":\"%s\",\"total\":{\"amount\":%d,\"currency\":\"KRW\"}}"
                .formatted(orderId, total);
    }

    private static String stockRejected(String orderId, String reason) {
        return "StockRejected {\"orderId\":\"%s\",\"reason\":\"%s\"}".formatted(orderId, reason);
    }

    private static String stockReleased(String orderId) {
        return "StockReleased {\"orderId\":\"%s\"}".formatted(orderId);
    }

    private static Future<Long> updatesOfProducts(SqlConnection tx) {
        return tx.query(UPDATES_OF_PRODUCTS)
                .execute()
                .map(rows -> rows.iterator().next().getLong("n_tup_upd"));
    }
}
