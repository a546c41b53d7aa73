package dev.lockstep.saga;

import static dev.lockstep.saga.SagaDatabase.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.saga.domain.OrderId;
import dev.lockstep.saga.domain.OrderItem;
import dev.lockstep.saga.domain.OrderSaga;
import dev.lockstep.saga.domain.SagaEvent.CancelRequested;
import dev.lockstep.saga.domain.SagaEvent.OrderPlaced;
import dev.lockstep.saga.domain.SagaState.ReservingStock;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class SagaStoreIT {
    @SuppressWarnings("NullAway.Init")
    private static SagaDatabase database;

    @BeforeAll
    static void open() {
        database = new SagaDatabase();
    }

    @AfterAll
    static void close() {
        database.close();
    }

    @Test
    void a_saga_that_was_begun_since_it_was_found_unseen_is_not_overwritten() {
        // Given
        OrderId order = new OrderId("begun-twice");
        save(placed(order));

        // When
        Set<OrderId> saved = save(cancelled(order));

        // Then
        assertThat(saved).isEmpty();
        assertThat(lock(order).get(order))
                .extracting(StoredSaga::state, StoredSaga::version)
                .containsExactly(new ReservingStock("u1"), 1);
    }

    @Test
    void what_nobody_began_is_left_out() {
        OrderId begun = new OrderId("begun");
        OrderId unseen = new OrderId("unseen");

        assertThat(save(placed(begun))).containsExactly(begun);
        assertThat(lock(unseen, begun)).containsOnlyKeys(begun);
    }

    private static Set<OrderId> save(SagaProgress progress) {
        return inTransaction(tx -> database.store.save(tx, List.of(progress)));
    }

    private static Map<OrderId, StoredSaga> lock(OrderId... orders) {
        return inTransaction(tx -> database.store.lock(tx, List.of(orders)));
    }

    private static <T> T inTransaction(Function<SqlConnection, Future<T>> work) {
        return Objects.requireNonNull(await(database.pool.withTransaction(work)));
    }

    private static SagaProgress placed(OrderId order) {
        SagaProgress progress = new SagaProgress(StoredSaga.unseen(order));
        progress.apply(
                new OrderSaga(SagaDatabase.DEADLINES),
                database.messages,
                new OrderPlaced(order, "u1", List.of(new OrderItem("p1", 2))),
                null);
        return progress;
    }

    private static SagaProgress cancelled(OrderId order) {
        SagaProgress progress = new SagaProgress(StoredSaga.unseen(order));
        progress.apply(new OrderSaga(SagaDatabase.DEADLINES), database.messages, new CancelRequested(order), null);
        return progress;
    }
}
