package dev.lockstep.saga;

import static dev.lockstep.saga.SagaDatabase.await;
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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

/** The fixture's census has room for ten. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class SagaCensusIT {
    @SuppressWarnings("NullAway.Init")
    private SagaDatabase database;

    @BeforeEach
    void open() {
        database = new SagaDatabase();
    }

    @AfterEach
    void close() {
        database.close();
    }

    @Test
    void room_is_taken_and_given_back_without_waiting_for_a_count() {
        await(database.batch(orders(10)));
        boolean full = database.census.hasRoom();
        await(database.batch(new OrderCancelRequested("o3")));

        assertThat(full).isFalse();
        assertThat(database.census.hasRoom()).isTrue();
    }

    @Test
    void a_count_does_not_count_twice_what_was_noticed_before() {
        await(database.batch(orders(9)));
        await(database.census.take());

        assertThat(database.census.hasRoom()).isTrue();
    }

    @Test
    void what_other_instances_began_is_seen_by_counting() {
        // Given
        SagaCensus other = new SagaCensus(database.store, database.pool, 10, new SimpleMeterRegistry());
        await(database.batch(orders(10)));
        boolean before = other.hasRoom();

        // When
        await(other.take());

        // Then
        assertThat(before).isTrue();
        assertThat(other.hasRoom()).isFalse();
    }

    @Test
    void states_are_shown_and_an_empty_one_is_shown_as_empty_again() {
        // Given
        await(database.batch(orders(2)));
        await(database.census.take());
        double reserving = states("RESERVING_STOCK");

        // When
        await(database.batch(
                new StockReserved("o0", new Money(1, "KRW")), new StockReserved("o1", new Money(1, "KRW"))));
        await(database.census.take());

        // Then
        assertThat(reserving).isEqualTo(2);
        assertThat(states("RESERVING_STOCK")).isZero();
        assertThat(states("CHARGING_PAYMENT")).isEqualTo(2);
    }

    @Test
    void the_age_of_the_one_that_waits_longest_is_shown_and_is_not_renewed_by_asking_again() {
        // Given
        await(database.batch(orders(2)));
        await(database.pool
                .query("UPDATE saga SET waiting_since = now() - interval '10 minutes' WHERE order_id = 'o1'")
                .execute());
        await(database.census.take());
        double reserving = oldest("RESERVING_STOCK");
        database.passDeadline("o1");
        await(database.pool.withTransaction(tx -> database.processor.letDeadlinesPass(tx, 10)));
        await(database.pool
                .query("UPDATE saga SET waiting_since = now() - interval '5 minutes' WHERE order_id = 'o1'")
                .execute());

        // When
        database.passDeadline("o1");
        await(database.pool.withTransaction(tx -> database.processor.letDeadlinesPass(tx, 10)));
        await(database.census.take());

        // Then
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
