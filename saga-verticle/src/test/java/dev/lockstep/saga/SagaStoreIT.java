package dev.lockstep.saga;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.contracts.OrderCancelRequested;
import dev.lockstep.contracts.OrderCreated;
import dev.lockstep.saga.domain.OrderId;
import dev.lockstep.saga.domain.OrderItem;
import dev.lockstep.saga.domain.OrderSaga;
import dev.lockstep.saga.domain.SagaEvent.CancelRequested;
import dev.lockstep.saga.domain.SagaEvent.OrderPlaced;
import dev.lockstep.saga.domain.SagaState.ReservingStock;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
class SagaStoreIT {
    @RegisterExtension
    static final SagaDatabase database = new SagaDatabase();

    @Test
    void a_concurrently_inserted_saga_is_not_overwritten() {
        OrderId order = new OrderId("begun-twice");
        save(placed(order));

        Set<OrderId> saved = save(cancelled(order));

        assertThat(saved).isEmpty();
        assertThat(lock(order).get(order))
                .extracting(StoredSaga::state, StoredSaga::version)
                .containsExactly(new ReservingStock("u1", List.of(new OrderItem("p1", 2))), 1);
    }

    @Test
    void unknown_orders_are_not_returned() {
        OrderId begun = new OrderId("begun");
        OrderId unseen = new OrderId("unseen");

        assertThat(save(placed(begun))).containsExactly(begun);
        assertThat(lock(unseen, begun)).containsOnlyKeys(begun);
    }

    @Test
    void only_old_confirmed_or_cancelled_sagas_are_deleted_in_batches() {
        for (String state : List.of("CONFIRMED", "CANCELLED", "ABANDONED", "RESERVING_STOCK")) {
            insertSaga(state.toLowerCase(Locale.ROOT) + "-old", state, "10 days", "8 days");
        }
        insertSaga("confirmed-older", "CONFIRMED", "11 days", "11 days");
        insertSaga("confirmed-lately", "CONFIRMED", "10 days", "6 days");
        insertSaga("confirmed-new", "CONFIRMED", "6 days", "6 days");

        List<Integer> dropped = IntStream.range(0, 3)
                .mapToObj(step -> await(database.store.deleteEnded(database.pool, Duration.ofDays(7), 2)))
                .toList();

        assertThat(dropped).containsExactly(2, 1, 0);
        assertThat(column("SELECT order_id FROM saga WHERE order_id ~ '-(old|older|lately|new)$' ORDER BY 1"))
                .containsExactly("abandoned-old", "confirmed-lately", "confirmed-new", "reserving_stock-old");
        assertThat(
                        column(
                                "SELECT DISTINCT order_id FROM saga_history WHERE order_id ~ '-(old|older|lately|new)$' ORDER BY 1"))
                .containsExactly("abandoned-old", "confirmed-lately", "confirmed-new", "reserving_stock-old");
    }

    @Test
    void a_saga_that_ended_without_its_order_is_kept() {
        OrderCreated late =
                new OrderCreated("never-came", "u1", List.of(new dev.lockstep.contracts.OrderItem("p1", 2)));
        await(database.batch(new OrderCancelRequested("never-came")));
        await(database.pool
                .query("UPDATE saga SET state = 'CANCELLED', data = '{\"reason\":\"CANCELLED_BY_CUSTOMER\"}',"
                        + " created_at = now() - interval '9 days', updated_at = now() - interval '9 days'"
                        + " WHERE order_id = 'never-came'")
                .execute());

        await(database.store.deleteEnded(database.pool, Duration.ofDays(7), 100));

        await(database.batch(late));
        assertThat(database.saga("never-came").state()).isEqualTo("CANCELLED");
        assertThat(database.sentTypes("never-came")).isEmpty();
    }

    private static void insertSaga(String order, String state, String startedAgo, String updatedAgo) {
        await(database.pool.withTransaction(tx -> database.handle(
                tx, new OrderCreated(order, "u1", List.of(new dev.lockstep.contracts.OrderItem("p1", 2))))));
        await(database.pool
                .preparedQuery("UPDATE saga SET state = $2, created_at = now() - $3::text::interval,"
                        + " updated_at = now() - $4::text::interval WHERE order_id = $1")
                .execute(Tuple.of(order, state, startedAgo, updatedAgo)));
    }

    private static List<String> column(String sql) {
        return await(database.pool
                .query(sql)
                .execute()
                .map((RowSet<Row> rows) ->
                        rows.stream().map(row -> row.getString(0)).toList()));
    }

    private static Set<OrderId> save(SagaUnitOfWork progress) {
        return inTransaction(tx -> database.store.save(tx, List.of(progress)));
    }

    private static Map<OrderId, StoredSaga> lock(OrderId... orders) {
        return inTransaction(tx -> database.store.lock(tx, List.of(orders)));
    }

    private static <T> T inTransaction(Function<SqlConnection, Future<T>> work) {
        return Objects.requireNonNull(await(database.pool.withTransaction(work)));
    }

    private static SagaUnitOfWork placed(OrderId order) {
        SagaUnitOfWork progress = new SagaUnitOfWork(StoredSaga.notStarted(order));
        progress.apply(
                new OrderSaga(SagaDatabase.DEADLINES),
                database.messages,
                new OrderPlaced(order, "u1", List.of(new OrderItem("p1", 2))),
                null);
        return progress;
    }

    private static SagaUnitOfWork cancelled(OrderId order) {
        SagaUnitOfWork progress = new SagaUnitOfWork(StoredSaga.notStarted(order));
        progress.apply(new OrderSaga(SagaDatabase.DEADLINES), database.messages, new CancelRequested(order), null);
        return progress;
    }
}
