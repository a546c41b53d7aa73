package dev.lockstep.saga.domain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.saga.domain.SagaState.AwaitingOrder;
import dev.lockstep.saga.domain.SagaState.Cancelled;
import dev.lockstep.saga.domain.SystemState.Budget;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Explores all states that one order can reach: all interleavings of messages on different topics and all replies; cancellations by the
 * customer, passed deadlines, repeated replies and operator actions at any point; and lost commands or a lost {@code OrderCreated}.
 */
@DisplayNameGeneration(ReplaceUnderscores.class)
class SagaInterleavingsTest {
    private final OrderSaga saga = new OrderSaga(SagaFixtures.DEADLINES);

    @ParameterizedTest(name = "{0} deadlines pass, {1} replies repeat")
    @CsvSource({"0, 0", "0, 2", "1, 1", "3, 0", "2, 1"})
    void every_interleaving_ends_the_order_once_and_leaves_nothing_behind(int deadlines, int repeats) {
        Set<SystemState> worlds = explore(SystemState.start(new Budget(deadlines, repeats, 0, 0)));

        assertThat(worlds.stream().filter(SystemState::isQuiescent)).allMatch(SystemState::isConsistent);
        assertThat(worlds.stream().filter(SystemState::isQuiescent).map(world -> world.order()))
                .contains(SystemState.Order.CONFIRMED, SystemState.Order.CANCELLED);
    }

    @ParameterizedTest(name = "{0} replies repeat")
    @CsvSource({"0", "1"})
    void without_missed_deadlines_a_cancelled_order_is_fully_compensated(int repeats) {
        Set<SystemState> worlds = explore(SystemState.start(new Budget(0, repeats, 0, 0)));

        assertThat(worlds.stream().filter(world -> world.order() == SystemState.Order.CANCELLED))
                .isNotEmpty()
                .allMatch(SystemState::nothingHeldOrCharged);
    }

    @Test
    void a_cancelled_saga_is_fully_compensated() {
        Set<SystemState> worlds = explore(SystemState.start(new Budget(2, 1, 0, 0)));

        assertThat(worlds.stream().filter(world -> world.saga() instanceof Cancelled))
                .isNotEmpty()
                .allMatch(SystemState::nothingHeldOrCharged);
    }

    @ParameterizedTest(name = "{0} deadlines pass, {1} replies repeat, {2} operator actions")
    @CsvSource({"0, 0, 2", "1, 0, 2", "0, 1, 1", "1, 1, 1"})
    void with_operator_actions_the_order_ends_once_and_what_is_left_behind_is_recorded(
            int deadlines, int repeats, int actions) {
        Set<SystemState> worlds = explore(SystemState.start(new Budget(deadlines, repeats, actions, 0)));

        assertThat(worlds.stream().filter(SystemState::isQuiescent)).allMatch(SystemState::isConsistent);
        assertThat(worlds.stream().filter(SystemState::isQuiescent).map(SystemState::order))
                .contains(SystemState.Order.CONFIRMED, SystemState.Order.CANCELLED);
        assertThat(worlds.stream().filter(world -> world.saga() instanceof Cancelled))
                .isNotEmpty()
                .allMatch(SystemState::nothingHeldOrCharged);
    }

    @Test
    void a_saga_with_lost_messages_waits_and_an_operator_can_always_end_it() {
        Set<SystemState> worlds = explore(SystemState.start(new Budget(1, 0, 0, 2)));
        Set<SystemState> stuck = worlds.stream()
                .filter(SystemState::isQuiescent)
                .filter(world -> !world.isConsistent())
                .collect(Collectors.toSet());

        assertThat(stuck).noneMatch(SystemState::hasEnded).anyMatch(world -> world.saga() instanceof AwaitingOrder);
        assertThat(stuck)
                .allSatisfy(world -> assertThat(explore(world.with(new Budget(0, 0, 2, 0))))
                        .anyMatch(later -> later.isQuiescent() && later.hasEnded())
                        .filteredOn(later -> later.isQuiescent() && later.hasEnded())
                        .allMatch(SystemState::isConsistent));
        assertThat(stuck.stream().flatMap(world -> explore(world.with(new Budget(0, 0, 1, 0))).stream()))
                .as("a retry is sufficient if only a command was lost")
                .anyMatch(later -> later.saga() instanceof SagaState.Confirmed && later.isConsistent());
    }

    @Test
    void an_abandoned_saga_leaves_behind_exactly_what_it_records() {
        Set<SystemState> worlds = explore(SystemState.start(new Budget(1, 0, 1, 1)));

        assertThat(worlds.stream()
                        .filter(SystemState::isQuiescent)
                        .filter(world -> world.saga() instanceof SagaState.Abandoned))
                .isNotEmpty()
                .allMatch(SystemState::isConsistent)
                .as("an abandoned saga can leave stock reserved or a payment charged")
                .anyMatch(world -> !world.nothingHeldOrCharged());
    }

    @Test
    void every_state_is_reached() {
        Set<String> reached = explore(SystemState.start(new Budget(2, 0, 1, 0))).stream()
                .map(world -> world.saga().getClass().getSimpleName())
                .collect(Collectors.toSet());

        assertThat(reached)
                .containsExactlyInAnyOrderElementsOf(SagaFixtures.STATES.stream()
                        .map(state -> state.getClass().getSimpleName())
                        .collect(Collectors.toSet()));
    }

    private Set<SystemState> explore(SystemState start) {
        Set<SystemState> seen = new HashSet<>(Set.of(start));
        Deque<SystemState> todo = new ArrayDeque<>(seen);
        while (!todo.isEmpty()) {
            for (SystemState next : todo.removeLast().next(saga)) {
                if (seen.add(next)) {
                    todo.addLast(next);
                }
            }
        }
        return seen;
    }
}
