package dev.lockstep.saga;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.contracts.Message;
import dev.lockstep.contracts.Money;
import dev.lockstep.contracts.OrderCancelRequested;
import dev.lockstep.contracts.OrderCreated;
import dev.lockstep.contracts.OrderItem;
import dev.lockstep.contracts.StockReserved;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The fixture allows ten active sagas. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class ActiveSagasIT {
    @RegisterExtension
    final SagaDatabase database = new SagaDatabase();

    @Test
    void capacity_is_used_and_released_without_a_refresh() {
        await(database.batch(orders(10)));
        boolean full = database.activeSagas.hasCapacity();
        await(database.batch(new OrderCancelRequested("o3")));

        assertThat(full).isFalse();
        assertThat(database.activeSagas.hasCapacity()).isTrue();
    }

    @Test
    void a_refresh_does_not_count_local_transitions_twice() {
        await(database.batch(orders(9)));
        await(database.activeSagas.refresh());

        assertThat(database.activeSagas.hasCapacity()).isTrue();
    }

    @Test
    void a_refresh_counts_the_sagas_of_other_instances() {
        ActiveSagas other = new ActiveSagas(database.store, database.pool, 10, new SimpleMeterRegistry());
        await(database.batch(orders(10)));
        boolean before = other.hasCapacity();

        await(other.refresh());

        assertThat(before).isTrue();
        assertThat(other.hasCapacity()).isFalse();
    }

    @Test
    void the_states_gauge_returns_to_zero_for_an_empty_state() {
        await(database.batch(orders(2)));
        await(database.activeSagas.refresh());
        double reserving = states("RESERVING_STOCK");

        await(database.batch(
                new StockReserved("o0", new Money(1, "KRW")), new StockReserved("o1", new Money(1, "KRW"))));
        await(database.activeSagas.refresh());

        assertThat(reserving).isEqualTo(2);
        assertThat(states("RESERVING_STOCK")).isZero();
        assertThat(states("CHARGING_PAYMENT")).isEqualTo(2);
    }

    @Test
    void the_oldest_gauge_is_not_reset_by_a_retry() {
        await(database.batch(orders(2)));
        await(database.pool
                .query("UPDATE saga SET waiting_since = now() - interval '10 minutes' WHERE order_id = 'o1'")
                .execute());
        await(database.activeSagas.refresh());
        double reserving = oldest("RESERVING_STOCK");
        database.passDeadline("o1");
        await(database.pool.withTransaction(tx -> database.processor.expireDeadlines(tx, 10)));
        await(database.pool
                .query("UPDATE saga SET waiting_since = now() - interval '5 minutes' WHERE order_id = 'o1'")
                .execute());

        database.passDeadline("o1");
        await(database.pool.withTransaction(tx -> database.processor.expireDeadlines(tx, 10)));
        await(database.activeSagas.refresh());

        assertThat(reserving).isCloseTo(600, within(60.0));
        assertThat(oldest("RESERVING_STOCK")).isLessThan(60);
        assertThat(oldest("RETRYING_COMPENSATION")).isCloseTo(300, within(60.0));
        assertThat(database.meters
                        .get("lockstep.saga.retries")
                        .tag("state", "RETRYING_COMPENSATION")
                        .counter()
                        .count())
                .isEqualTo(1);
    }

    private double oldest(String state) {
        return database.meters
                .get("lockstep.saga.oldest")
                .tag("state", state)
                .gauge()
                .value();
    }

    private double states(String state) {
        return database.meters
                .get("lockstep.saga.states")
                .tag("state", state)
                .gauge()
                .value();
    }

    private static Message[] orders(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> new OrderCreated("o" + i, "u1", List.of(new OrderItem("p1", 2))))
                .toArray(Message[]::new);
    }
}
