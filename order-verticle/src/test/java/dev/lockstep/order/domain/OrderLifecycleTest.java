package dev.lockstep.order.domain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.order.domain.OrderCommand.Cancel;
import dev.lockstep.order.domain.OrderCommand.Confirm;
import dev.lockstep.order.domain.OrderCommand.RequestCancel;
import dev.lockstep.order.domain.OrderState.CancelRequested;
import dev.lockstep.order.domain.OrderState.Cancelled;
import dev.lockstep.order.domain.OrderState.Confirmed;
import dev.lockstep.order.domain.OrderState.Pending;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class OrderLifecycleTest {
    private static final Money TOTAL = new Money(2000, "KRW");
    private static final List<OrderState> STATES = List.of(
            new Pending(), new CancelRequested(), new Confirmed(TOTAL), new Cancelled(CancelReason.OUT_OF_STOCK));
    private static final List<OrderCommand> COMMANDS =
            List.of(new Confirm(TOTAL), new Cancel(CancelReason.OUT_OF_STOCK), new RequestCancel());

    private final OrderLifecycle lifecycle = new OrderLifecycle();

    @Nested
    class when_the_saga_confirms {
        private final OrderCommand confirm = new Confirm(TOTAL);

        @Test
        void a_pending_order_is_confirmed_with_its_total() {
            assertThat(lifecycle.decide(new Pending(), confirm))
                    .isEqualTo(new Decision(new Confirmed(TOTAL), List.of(new OrderEvent.Confirmed(TOTAL))));
        }

        @Test
        void an_order_with_an_accepted_cancellation_is_not_confirmed_and_repeats_the_cancel_request() {
            assertThat(lifecycle.decide(new CancelRequested(), confirm))
                    .isEqualTo(new Decision(new CancelRequested(), List.of(new OrderEvent.CancelRequested())));
        }

        @Test
        void a_confirmed_order_answers_with_the_total_it_was_confirmed_with() {
            OrderState state = new Confirmed(new Money(1500, "KRW"));

            Decision decision = lifecycle.decide(state, confirm);

            assertThat(decision)
                    .isEqualTo(new Decision(state, List.of(new OrderEvent.Confirmed(new Money(1500, "KRW")))));
        }

        @Test
        void a_cancelled_order_rejects_it() {
            assertThatThrownBy(() -> lifecycle.decide(new Cancelled(CancelReason.TIMED_OUT), confirm))
                    .isInstanceOf(UnexpectedCommandException.class)
                    .hasMessage("Confirm cannot follow Cancelled");
        }
    }

    @Nested
    class when_the_saga_cancels {
        private final OrderCommand cancel = new Cancel(CancelReason.PAYMENT_DECLINED);

        @ParameterizedTest
        @MethodSource("dev.lockstep.order.domain.OrderLifecycleTest#openStates")
        void an_open_order_is_cancelled_with_the_reason(OrderState open) {
            assertThat(lifecycle.decide(open, cancel))
                    .isEqualTo(new Decision(
                            new Cancelled(CancelReason.PAYMENT_DECLINED),
                            List.of(new OrderEvent.Cancelled(CancelReason.PAYMENT_DECLINED))));
        }

        @Test
        void a_cancelled_order_answers_with_its_first_reason() {
            OrderState state = new Cancelled(CancelReason.TIMED_OUT);

            Decision decision = lifecycle.decide(state, cancel);

            assertThat(decision)
                    .isEqualTo(new Decision(state, List.of(new OrderEvent.Cancelled(CancelReason.TIMED_OUT))));
        }

        @Test
        void a_confirmed_order_rejects_it() {
            assertThatThrownBy(() -> lifecycle.decide(new Confirmed(TOTAL), cancel))
                    .isInstanceOf(UnexpectedCommandException.class)
                    .hasMessage("Cancel cannot follow Confirmed");
        }
    }

    @Nested
    class when_the_customer_asks_to_cancel {
        private final OrderCommand request = new RequestCancel();

        @Test
        void a_pending_order_accepts_it_and_emits_an_event() {
            assertThat(lifecycle.decide(new Pending(), request))
                    .isEqualTo(new Decision(new CancelRequested(), List.of(new OrderEvent.CancelRequested())));
        }

        @ParameterizedTest
        @MethodSource("dev.lockstep.order.domain.OrderLifecycleTest#statesThatAreNotPending")
        void any_other_order_stays_unchanged_and_emits_nothing(OrderState state) {
            assertThat(lifecycle.decide(state, request)).isEqualTo(new Decision(state, List.of()));
        }
    }

    @ParameterizedTest
    @MethodSource("transitions")
    void a_repeated_command_changes_nothing_more(OrderState state, OrderCommand command) {
        Decision first = lifecycle.decide(state, command);

        Decision second = lifecycle.decide(first.state(), command);

        assertThat(second.state()).isEqualTo(first.state());
    }

    @ParameterizedTest
    @MethodSource("transitions")
    void a_final_state_stays(OrderState state, OrderCommand command) {
        Decision decision = lifecycle.decide(state, command);

        if (state instanceof Confirmed || state instanceof Cancelled) {
            assertThat(decision.state()).isEqualTo(state);
        }
    }

    @ParameterizedTest
    @MethodSource("transitions")
    void every_state_change_emits_an_event(OrderState state, OrderCommand command) {
        Decision decision = lifecycle.decide(state, command);

        if (!decision.state().equals(state)) {
            assertThat(decision.events()).hasSize(1);
        }
    }

    /** All combinations of a state and a command that does not contradict it. */
    static Stream<Arguments> transitions() {
        return STATES.stream()
                .flatMap(state -> COMMANDS.stream()
                        .filter(command -> !contradicts(state, command))
                        .map(command -> Arguments.of(state, command)));
    }

    static Stream<OrderState> openStates() {
        return STATES.stream().filter(state -> state.status() == OrderStatus.PENDING);
    }

    static Stream<OrderState> statesThatAreNotPending() {
        return STATES.stream().filter(state -> !state.equals(new Pending()));
    }

    private static boolean contradicts(OrderState state, OrderCommand command) {
        return (state instanceof Confirmed && command instanceof Cancel)
                || (state instanceof Cancelled && command instanceof Confirm);
    }
}
