package dev.lockstep.saga.domain;

import static dev.lockstep.saga.domain.SagaFixtures.ORDER;
import static dev.lockstep.saga.domain.SagaFixtures.TOTAL;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.saga.domain.Compensation.Notice;
import dev.lockstep.saga.domain.Compensation.Undo;
import dev.lockstep.saga.domain.SagaCommand.CancelOrder;
import dev.lockstep.saga.domain.SagaCommand.RefundPayment;
import dev.lockstep.saga.domain.SagaCommand.ReleaseStock;
import dev.lockstep.saga.domain.SagaEvent.AbandonRequested;
import dev.lockstep.saga.domain.SagaEvent.CompensationRequested;
import dev.lockstep.saga.domain.SagaEvent.DeadlinePassed;
import dev.lockstep.saga.domain.SagaEvent.PaymentCharged;
import dev.lockstep.saga.domain.SagaEvent.RetryRequested;
import dev.lockstep.saga.domain.SagaEvent.StockReserved;
import dev.lockstep.saga.domain.SagaState.Abandoned;
import dev.lockstep.saga.domain.SagaState.Aborting;
import dev.lockstep.saga.domain.SagaState.AwaitingOrder;
import dev.lockstep.saga.domain.SagaState.Cancelled;
import dev.lockstep.saga.domain.SagaState.CancellingOrder;
import dev.lockstep.saga.domain.SagaState.ChargingPayment;
import dev.lockstep.saga.domain.SagaState.Compensating;
import dev.lockstep.saga.domain.SagaState.Confirmed;
import dev.lockstep.saga.domain.SagaState.NotStarted;
import dev.lockstep.saga.domain.SagaState.ReservingStock;
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

/** Invariants of every state for every event. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class SagaPropertiesTest {
    private final OrderSaga saga = new OrderSaga(SagaFixtures.DEADLINES);

    /**
     * Every state with every event: {@code >} is a transition, {@code =} changes nothing, {@code <} stays in the state and undoes a late
     * success, {@code !} is refused. The columns are in the order of {@link SagaFixtures#EVENTS}, and after the space in the order of
     * {@link SagaFixtures#ACTIONS}, for which {@code ~} stays in the state, sends the commands again and sets a new deadline.
     */
    @Test
    void every_state_handles_every_event() {
        String table = """
                NotStarted                                                >>!!!!!!!!= !!!
                AwaitingOrder                                             >=!!!!!!!!= !>!
                ReservingStock                                            =>>>!!!!!!> ~>!
                ChargingPayment                                           =>=!!>>!!!> ~>!
                ConfirmingOrder                                           =>=!!=!!>!> >!!
                Confirmed                                                 =!=!!=!!=!= !!!
                Compensating AWAITED AWAITED HELD_BACK                    ====>==>!!> ~!>
                Compensating AWAITED OUTSTANDING HELD_BACK                ====>==>!!> ~!>
                Compensating AWAITED DONE HELD_BACK                       ====><==!!> ~!>
                Compensating OUTSTANDING AWAITED HELD_BACK                ====>==>!!> ~!>
                Compensating OUTSTANDING OUTSTANDING SENT                 ====>==>!>> ~!>
                Compensating OUTSTANDING OUTSTANDING ACKNOWLEDGED         ====>==>!=> ~!>
                Compensating OUTSTANDING DONE SENT                        ====><==!>> ~!>
                Compensating OUTSTANDING DONE ACKNOWLEDGED                ====><==!=> ~!>
                Compensating DONE AWAITED HELD_BACK                       ==<====>!!> ~!>
                Compensating DONE OUTSTANDING SENT                        ==<====>!>> ~!>
                Compensating DONE OUTSTANDING ACKNOWLEDGED                ==<====>!=> ~!>
                RetryingCompensation AWAITED AWAITED SENT                 ====>==>!>> >!>
                RetryingCompensation AWAITED AWAITED ACKNOWLEDGED         ====>==>!=> >!>
                RetryingCompensation AWAITED OUTSTANDING SENT             ====>==>!>> >!>
                RetryingCompensation AWAITED OUTSTANDING ACKNOWLEDGED     ====>==>!=> >!>
                RetryingCompensation AWAITED DONE SENT                    ====><==!>> >!>
                RetryingCompensation AWAITED DONE ACKNOWLEDGED            ====><==!=> >!>
                RetryingCompensation OUTSTANDING AWAITED SENT             ====>==>!>> >!>
                RetryingCompensation OUTSTANDING AWAITED ACKNOWLEDGED     ====>==>!=> >!>
                RetryingCompensation OUTSTANDING OUTSTANDING SENT         ====>==>!>> >!>
                RetryingCompensation OUTSTANDING OUTSTANDING ACKNOWLEDGED ====>==>!=> >!>
                RetryingCompensation OUTSTANDING DONE SENT                ====><==!>> >!>
                RetryingCompensation OUTSTANDING DONE ACKNOWLEDGED        ====><==!=> >!>
                RetryingCompensation DONE AWAITED SENT                    ==<====>!>> >!>
                RetryingCompensation DONE AWAITED ACKNOWLEDGED            ==<====>!=> >!>
                RetryingCompensation DONE OUTSTANDING SENT                ==<====>!>> >!>
                RetryingCompensation DONE OUTSTANDING ACKNOWLEDGED        ==<====>!=> >!>
                RetryingCompensation DONE DONE SENT                       ==<==<==!>> >!>
                CancellingOrder                                           ==<==<==!>> >!>
                Cancelled                                                 ==<==<==!== !!!
                Abandoned AWAITED AWAITED SENT                            ========!== !!!
                Abandoned AWAITED AWAITED ACKNOWLEDGED                    ========!== !!!
                Abandoned AWAITED OUTSTANDING SENT                        ========!== !!!
                Abandoned AWAITED OUTSTANDING ACKNOWLEDGED                ========!== !!!
                Abandoned AWAITED DONE SENT                               =====<==!== !!!
                Abandoned AWAITED DONE ACKNOWLEDGED                       =====<==!== !!!
                Abandoned OUTSTANDING AWAITED SENT                        ========!== !!!
                Abandoned OUTSTANDING AWAITED ACKNOWLEDGED                ========!== !!!
                Abandoned OUTSTANDING OUTSTANDING SENT                    ========!== !!!
                Abandoned OUTSTANDING OUTSTANDING ACKNOWLEDGED            ========!== !!!
                Abandoned OUTSTANDING DONE SENT                           =====<==!== !!!
                Abandoned OUTSTANDING DONE ACKNOWLEDGED                   =====<==!== !!!
                Abandoned DONE AWAITED SENT                               ==<=====!== !!!
                Abandoned DONE AWAITED ACKNOWLEDGED                       ==<=====!== !!!
                Abandoned DONE OUTSTANDING SENT                           ==<=====!== !!!
                Abandoned DONE OUTSTANDING ACKNOWLEDGED                   ==<=====!== !!!
                Abandoned DONE DONE SENT                                  ==<==<==!== !!!
                """;

        String actual = SagaFixtures.STATES.stream()
                .map(state -> name(state) + " "
                        + SagaFixtures.EVENTS.stream()
                                .map(event -> outcome(state, event))
                                .collect(Collectors.joining())
                        + " "
                        + SagaFixtures.ACTIONS.stream()
                                .map(action -> outcome(state, action))
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
        assertThat(repeated.orElseThrow().commands()).allMatch(SagaPropertiesTest::undoes);
    }

    @ParameterizedTest
    @MethodSource("abortingStates")
    void a_late_success_is_undone_or_its_undo_is_pending(SagaState state) {
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
                SagaFixtures.EVENTS.stream().flatMap(event -> decide(state, event).map(Decision::state).stream());

        assertThat(after).containsOnly(state);
    }

    @ParameterizedTest
    @MethodSource("moves")
    void states_that_wait_for_a_participant_have_a_deadline(Transition transition) {
        Decision decision = transition.decision();

        assertThat(decision.deadline() == null).isEqualTo(untimed().toList().contains(decision.state()));
    }

    @ParameterizedTest
    @MethodSource("untimed")
    void a_deadline_event_changes_nothing_in_untimed_states(SagaState state) {
        assertThat(saga.decide(state, new DeadlinePassed(ORDER))).isEqualTo(new Decision(state, List.of(), null));
    }

    @Test
    void retry_delays_double_up_to_five_minutes() {
        SagaDeadlines deadlines = SagaFixtures.DEADLINES;

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
    void a_base_delay_over_five_minutes_stays_constant() {
        SagaDeadlines slow = new SagaDeadlines(
                SagaFixtures.STOCK_DEADLINE,
                SagaFixtures.PAYMENT_DEADLINE,
                Duration.ofMinutes(7),
                Duration.ofMinutes(7));

        assertThat(slow.confirm(3)).isEqualTo(Duration.ofMinutes(7));
    }

    @ParameterizedTest
    @MethodSource("terminal")
    void terminal_states_reject_operator_actions(SagaState state) {
        assertThat(SagaFixtures.ACTIONS)
                .allMatch(action -> decide(state, action).isEmpty());
    }

    @ParameterizedTest
    @MethodSource("retries")
    void a_retry_resends_keeps_the_state_and_renews_the_deadline(Transition transition) {
        Decision decision = transition.decision();

        assertThat(decision.commands()).isNotEmpty();
        assertThat(decision.state()).hasSameClassAs(transition.before());
        assertThat(decision.deadline()).isNotNull();
        assertThat(decision.changes(transition.before())).isTrue();
    }

    @ParameterizedTest
    @MethodSource("abandonments")
    void an_abandoned_saga_has_cancelled_the_order_and_keeps_what_was_left(Transition transition) {
        Abandoned abandoned = (Abandoned) transition.decision().state();

        assertThat(abandoned.left().notice()).isNotEqualTo(Notice.HELD_BACK);
        assertThat(abandoned.left().complete()).isFalse();
        assertThat(abandoned.why()).isEqualTo("inventory lost it");
        assertThat(transition.decision().commands())
                .isEqualTo(
                        abandoned.left().notice() == Notice.ACKNOWLEDGED
                                ? List.of()
                                : List.of(new CancelOrder(ORDER, abandoned.reason())));
    }

    @Test
    void an_operator_cannot_compensate_a_possibly_confirmed_order() {
        assertThat(SagaFixtures.STATES.stream()
                        .filter(state ->
                                decide(state, new CompensationRequested(ORDER)).isPresent())
                        .map(Object::getClass)
                        .distinct())
                .containsExactly(AwaitingOrder.class, ReservingStock.class, ChargingPayment.class);
    }

    private static Stream<Transition> retries() {
        return actions(new RetryRequested(ORDER));
    }

    private static Stream<Transition> abandonments() {
        return actions(new AbandonRequested(ORDER, "inventory lost it"));
    }

    private static Stream<Transition> actions(SagaEvent action) {
        OrderSaga saga = new OrderSaga(SagaFixtures.DEADLINES);
        return SagaFixtures.STATES.stream()
                .flatMap(state ->
                        decide(saga, state, action).map(decision -> new Transition(state, action, decision)).stream());
    }

    private static Stream<SagaState> abortingStates() {
        return SagaFixtures.STATES.stream().filter(Aborting.class::isInstance);
    }

    private static Stream<SagaState> terminal() {
        return SagaFixtures.STATES.stream()
                .filter(state ->
                        state instanceof Confirmed || state instanceof Cancelled || state instanceof Abandoned);
    }

    private static Stream<SagaState> untimed() {
        return Stream.concat(Stream.of(new NotStarted(), new AwaitingOrder()), terminal());
    }

    private static Stream<Transition> transitions() {
        OrderSaga saga = new OrderSaga(SagaFixtures.DEADLINES);
        return SagaFixtures.STATES.stream()
                .flatMap(state -> SagaFixtures.EVENTS.stream()
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
            case Abandoned abandoned -> Optional.of(abandoned.left());
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
            case Abandoned(Compensation left, String _) ->
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
                    if (decision.deadline() != null) {
                        return "~";
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
