package dev.lockstep.saga.domain;

import static dev.lockstep.saga.domain.Sagas.ORDER;
import static dev.lockstep.saga.domain.Sagas.TOTAL;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.saga.domain.Compensation.Undo;
import dev.lockstep.saga.domain.SagaCommand.RefundPayment;
import dev.lockstep.saga.domain.SagaCommand.ReleaseStock;
import dev.lockstep.saga.domain.SagaEvent.DeadlinePassed;
import dev.lockstep.saga.domain.SagaEvent.PaymentCharged;
import dev.lockstep.saga.domain.SagaEvent.StockReserved;
import dev.lockstep.saga.domain.SagaState.AwaitingOrder;
import dev.lockstep.saga.domain.SagaState.Cancelled;
import dev.lockstep.saga.domain.SagaState.CancellingOrder;
import dev.lockstep.saga.domain.SagaState.Compensating;
import dev.lockstep.saga.domain.SagaState.Confirmed;
import dev.lockstep.saga.domain.SagaState.GivenUp;
import dev.lockstep.saga.domain.SagaState.NotStarted;
import dev.lockstep.saga.domain.SagaState.RetryingCompensation;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds in every state, whatever comes. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class SagaLawsTest {
    private final OrderSaga saga = new OrderSaga(Sagas.DEADLINES);

    /**
     * Every state that is entered by a decision, against every event: {@code >} moves on, {@code =} changes nothing, {@code <}
     * stays and undoes a late success, {@code !} is refused. The columns are in the order of {@link Sagas#EVENTS}.
     */
    @Test
    void every_state_has_considered_every_event() {
        String table = """
                NotStarted                                >>!!!!!!!!=
                AwaitingOrder                             >=!!!!!!!!=
                ReservingStock                            =>>>!!!!!!>
                ChargingPayment                           =>=!!>>!!!>
                ConfirmingOrder                           =>=!!=!!>!>
                Confirmed                                 =!=!!=!!=!=
                Compensating AWAITED AWAITED HELD_BACK    ====>==>!!>
                Compensating AWAITED OUTSTANDING HELD_BACK ====>==>!!>
                Compensating AWAITED DONE HELD_BACK       ====><==!!>
                Compensating OUTSTANDING AWAITED HELD_BACK ====>==>!!>
                Compensating OUTSTANDING OUTSTANDING SENT ====>==>!>>
                Compensating OUTSTANDING OUTSTANDING ACKNOWLEDGED ====>==>!=>
                Compensating OUTSTANDING DONE SENT        ====><==!>>
                Compensating OUTSTANDING DONE ACKNOWLEDGED ====><==!=>
                Compensating DONE AWAITED HELD_BACK       ==<====>!!>
                Compensating DONE OUTSTANDING SENT        ==<====>!>>
                Compensating DONE OUTSTANDING ACKNOWLEDGED ==<====>!=>
                RetryingCompensation AWAITED AWAITED SENT ====>==>!>>
                RetryingCompensation AWAITED AWAITED ACKNOWLEDGED ====>==>!=>
                RetryingCompensation AWAITED OUTSTANDING SENT ====>==>!>>
                RetryingCompensation AWAITED OUTSTANDING ACKNOWLEDGED ====>==>!=>
                RetryingCompensation AWAITED DONE SENT    ====><==!>>
                RetryingCompensation AWAITED DONE ACKNOWLEDGED ====><==!=>
                RetryingCompensation OUTSTANDING AWAITED SENT ====>==>!>>
                RetryingCompensation OUTSTANDING AWAITED ACKNOWLEDGED ====>==>!=>
                RetryingCompensation OUTSTANDING OUTSTANDING SENT ====>==>!>>
                RetryingCompensation OUTSTANDING OUTSTANDING ACKNOWLEDGED ====>==>!=>
                RetryingCompensation OUTSTANDING DONE SENT ====><==!>>
                RetryingCompensation OUTSTANDING DONE ACKNOWLEDGED ====><==!=>
                RetryingCompensation DONE AWAITED SENT    ==<====>!>>
                RetryingCompensation DONE AWAITED ACKNOWLEDGED ==<====>!=>
                RetryingCompensation DONE OUTSTANDING SENT ==<====>!>>
                RetryingCompensation DONE OUTSTANDING ACKNOWLEDGED ==<====>!=>
                RetryingCompensation DONE DONE SENT       ==<==<==!>>
                CancellingOrder                           ==<==<==!>>
                Cancelled                                 ==<==<==!==
                """;

        String actual = Sagas.STATES.stream()
                .map(state -> name(state) + " "
                        + Sagas.EVENTS.stream()
                                .map(event -> outcome(state, event))
                                .collect(Collectors.joining()))
                .distinct()
                .collect(Collectors.joining("\n", "", "\n"));

        assertThat(actual).isEqualTo(table.replaceAll(" +", " "));
    }

    @ParameterizedTest
    @MethodSource("messages")
    void a_repeat_changes_nothing(Transition transition) {
        SagaState after = transition.decision().state();

        Optional<Decision> repeated = decide(after, transition.event());

        assertThat(repeated.map(Decision::state)).hasValue(after);
        assertThat(repeated.orElseThrow().commands()).allMatch(SagaLawsTest::undoes);
    }

    @ParameterizedTest
    @MethodSource("givenUp")
    void a_late_success_is_undone_or_its_undoing_is_awaited(SagaState state) {
        Decision stock = saga.decide(state, new StockReserved(ORDER, TOTAL));
        Decision payment = saga.decide(state, new PaymentCharged(ORDER, TOTAL));

        assertThat(List.of(stock.state(), payment.state())).containsOnly(state);
        assertThat(stock.commands().contains(new ReleaseStock(ORDER))).isEqualTo(!awaited(state, true));
        assertThat(payment.commands().contains(new RefundPayment(ORDER))).isEqualTo(!awaited(state, false));
    }

    @ParameterizedTest
    @MethodSource("terminal")
    void terminal_stays_terminal(SagaState state) {
        Stream<SagaState> after =
                Sagas.EVENTS.stream().flatMap(event -> decide(state, event).map(Decision::state).stream());

        assertThat(after).containsOnly(state);
    }

    @ParameterizedTest
    @MethodSource("moves")
    void whoever_waits_for_a_participant_has_a_deadline(Transition transition) {
        Decision decision = transition.decision();

        assertThat(decision.deadline() == null).isEqualTo(untimed().toList().contains(decision.state()));
    }

    @ParameterizedTest
    @MethodSource("untimed")
    void a_deadline_of_a_saga_that_has_none_changes_nothing(SagaState state) {
        assertThat(saga.decide(state, new DeadlinePassed(ORDER))).isEqualTo(new Decision(state, List.of(), null));
    }

    @Test
    void retries_come_further_and_further_apart_until_every_five_minutes() {
        SagaDeadlines deadlines = Sagas.DEADLINES;

        assertThat(IntStream.of(0, 1, 2, 4, 5, 100, Integer.MAX_VALUE).mapToObj(deadlines::compensation))
                .containsExactly(
                        Duration.ofSeconds(15),
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(60),
                        Duration.ofSeconds(240),
                        Duration.ofMinutes(5),
                        Duration.ofMinutes(5),
                        Duration.ofMinutes(5));
    }

    @Test
    void a_retry_slower_than_five_minutes_keeps_its_own_pace() {
        SagaDeadlines slow = new SagaDeadlines(
                Sagas.STOCK_DEADLINE, Sagas.PAYMENT_DEADLINE, Duration.ofMinutes(7), Duration.ofMinutes(7));

        assertThat(slow.confirm(3)).isEqualTo(Duration.ofMinutes(7));
    }

    private static Stream<SagaState> givenUp() {
        return Sagas.STATES.stream().filter(GivenUp.class::isInstance);
    }

    private static Stream<SagaState> terminal() {
        return Sagas.STATES.stream().filter(state -> state instanceof Confirmed || state instanceof Cancelled);
    }

    private static Stream<SagaState> untimed() {
        return Stream.concat(Stream.of(new NotStarted(), new AwaitingOrder()), terminal());
    }

    private static Stream<Transition> transitions() {
        OrderSaga saga = new OrderSaga(Sagas.DEADLINES);
        return Sagas.STATES.stream()
                .flatMap(state -> Sagas.EVENTS.stream()
                        .flatMap(event ->
                                decide(saga, state, event)
                                        .map(decision -> new Transition(state, event, decision))
                                        .stream()));
    }

    private static Stream<Transition> messages() {
        return transitions().filter(transition -> !(transition.event() instanceof DeadlinePassed));
    }

    private static Stream<Transition> moves() {
        return transitions().filter(transition -> !transition.decision().state().equals(transition.before()));
    }

    record Transition(SagaState before, SagaEvent event, Decision decision) {}

    private static boolean undoes(SagaCommand command) {
        return command instanceof ReleaseStock || command instanceof RefundPayment;
    }

    private static boolean awaited(SagaState state, boolean stock) {
        Optional<Compensation> left = switch (state) {
            case Compensating compensating -> Optional.of(compensating.left());
            case RetryingCompensation retrying -> Optional.of(retrying.left());
            case CancellingOrder _, Cancelled _ -> Optional.empty();
            default -> throw new IllegalArgumentException(state.toString());
        };
        return left.map(compensation -> (stock ? compensation.stock() : compensation.payment()) != Undo.DONE)
                .orElse(false);
    }

    private static String name(SagaState state) {
        String name = state.getClass().getSimpleName();
        return switch (state) {
            case Compensating(Compensation left) ->
                "%s %s %s %s".formatted(name, left.stock(), left.payment(), left.notice());
            case RetryingCompensation(Compensation left, int _) ->
                "%s %s %s %s".formatted(name, left.stock(), left.payment(), left.notice());
            default -> name;
        };
    }

    private String outcome(SagaState state, SagaEvent event) {
        return decide(state, event)
                .map(decision -> {
                    if (!decision.state().equals(state)) {
                        return ">";
                    }
                    return decision.commands().isEmpty() ? "=" : "<";
                })
                .orElse("!");
    }

    private Optional<Decision> decide(SagaState state, SagaEvent event) {
        return decide(saga, state, event);
    }

    private static Optional<Decision> decide(OrderSaga saga, SagaState state, SagaEvent event) {
        try {
            return Optional.of(saga.decide(state, event));
        } catch (UnexpectedEventException refused) {
            return Optional.empty();
        }
    }
}
