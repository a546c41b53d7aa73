package dev.lockstep.saga.domain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.saga.domain.SagaState.AwaitingOrder;
import dev.lockstep.saga.domain.SagaState.Cancelled;
import dev.lockstep.saga.domain.World.Budget;
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
 * Walks through every world that one order can get into: every order in which messages of different topics can arrive, every
 * answer, the customer cancelling at any point, deadlines passing at any point, replies that come again at any point, an operator
 * stepping in at any point, and commands that are lost, or the order itself.
 */
@DisplayNameGeneration(ReplaceUnderscores.class)
class SagaInterleavingsTest {
    private final OrderSaga saga = new OrderSaga(Sagas.DEADLINES);

    @ParameterizedTest(name = "{0} deadlines pass, {1} replies repeat")
    @CsvSource({"0, 0", "0, 2", "1, 1", "3, 0", "2, 1"})
    void however_it_goes_the_order_ends_once_and_nothing_stays_behind(int deadlines, int repeats) {
        Set<World> worlds = explore(World.start(new Budget(deadlines, repeats, 0, 0)));

        assertThat(worlds.stream().filter(World::nothingUnderWay)).allMatch(World::isSettled);
        assertThat(worlds.stream().filter(World::nothingUnderWay).map(world -> world.order()))
                .contains(World.Order.CONFIRMED, World.Order.CANCELLED);
    }

    @ParameterizedTest(name = "{0} replies repeat")
    @CsvSource({"0", "1"})
    void while_everybody_answers_in_time_a_cancelled_order_finds_its_stock_and_money_back(int repeats) {
        Set<World> worlds = explore(World.start(new Budget(0, repeats, 0, 0)));

        assertThat(worlds.stream().filter(world -> world.order() == World.Order.CANCELLED))
                .isNotEmpty()
                .allMatch(World::nothingIsHeldOrTaken);
    }

    @Test
    void a_saga_that_calls_itself_cancelled_has_everything_back_already() {
        Set<World> worlds = explore(World.start(new Budget(2, 1, 0, 0)));

        assertThat(worlds.stream().filter(world -> world.saga() instanceof Cancelled))
                .isNotEmpty()
                .allMatch(World::nothingIsHeldOrTaken);
    }

    @ParameterizedTest(name = "{0} deadlines pass, {1} replies repeat, {2} times an operator steps in")
    @CsvSource({"0, 0, 2", "1, 0, 2", "0, 1, 1", "1, 1, 1"})
    void whatever_an_operator_does_the_order_ends_once_and_what_stays_behind_is_on_record(
            int deadlines, int repeats, int actions) {
        Set<World> worlds = explore(World.start(new Budget(deadlines, repeats, actions, 0)));

        assertThat(worlds.stream().filter(World::nothingUnderWay)).allMatch(World::isSettled);
        assertThat(worlds.stream().filter(World::nothingUnderWay).map(World::order))
                .contains(World.Order.CONFIRMED, World.Order.CANCELLED);
        assertThat(worlds.stream().filter(world -> world.saga() instanceof Cancelled))
                .isNotEmpty()
                .allMatch(World::nothingIsHeldOrTaken);
    }

    @Test
    void a_saga_whose_order_or_commands_are_lost_waits_and_an_operator_can_always_end_it() {
        Set<World> worlds = explore(World.start(new Budget(1, 0, 0, 2)));
        Set<World> stuck = worlds.stream()
                .filter(World::nothingUnderWay)
                .filter(world -> !world.isSettled())
                .collect(Collectors.toSet());

        assertThat(stuck).noneMatch(World::hasEnded).anyMatch(world -> world.saga() instanceof AwaitingOrder);
        assertThat(stuck)
                .allSatisfy(world -> assertThat(explore(world.with(new Budget(0, 0, 2, 0))))
                        .anyMatch(later -> later.nothingUnderWay() && later.hasEnded())
                        .filteredOn(later -> later.nothingUnderWay() && later.hasEnded())
                        .allMatch(World::isSettled));
        assertThat(stuck.stream().flatMap(world -> explore(world.with(new Budget(0, 0, 1, 0))).stream()))
                .as("asking again is enough where the command was all that was lost")
                .anyMatch(later -> later.saga() instanceof SagaState.Confirmed && later.isSettled());
    }

    @Test
    void what_an_abandoned_saga_leaves_behind_is_exactly_what_it_says() {
        Set<World> worlds = explore(World.start(new Budget(1, 0, 1, 1)));

        assertThat(worlds.stream()
                        .filter(World::nothingUnderWay)
                        .filter(world -> world.saga() instanceof SagaState.Abandoned))
                .isNotEmpty()
                .allMatch(World::isSettled)
                .as("something really stays behind when its undoing is lost")
                .anyMatch(world -> !world.nothingIsHeldOrTaken());
    }

    @Test
    void every_state_is_reached() {
        Set<String> reached = explore(World.start(new Budget(2, 0, 1, 0))).stream()
                .map(world -> world.saga().getClass().getSimpleName())
                .collect(Collectors.toSet());

        assertThat(reached)
                .containsExactlyInAnyOrderElementsOf(Sagas.STATES.stream()
                        .map(state -> state.getClass().getSimpleName())
                        .collect(Collectors.toSet()));
    }

    private Set<World> explore(World start) {
        Set<World> seen = new HashSet<>(Set.of(start));
        Deque<World> todo = new ArrayDeque<>(seen);
        while (!todo.isEmpty()) {
            for (World next : todo.removeLast().next(saga)) {
                if (seen.add(next)) {
                    todo.addLast(next);
                }
            }
        }
        return seen;
    }
}
