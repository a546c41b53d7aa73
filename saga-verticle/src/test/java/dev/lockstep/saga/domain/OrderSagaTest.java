package dev.lockstep.saga.domain;

import static dev.lockstep.saga.domain.SagaFixtures.COMPENSATION_RETRY;
import static dev.lockstep.saga.domain.SagaFixtures.CONFIRM_RETRY;
import static dev.lockstep.saga.domain.SagaFixtures.ITEMS;
import static dev.lockstep.saga.domain.SagaFixtures.ORDER;
import static dev.lockstep.saga.domain.SagaFixtures.PAYMENT_DEADLINE;
import static dev.lockstep.saga.domain.SagaFixtures.STOCK_DEADLINE;
import static dev.lockstep.saga.domain.SagaFixtures.TOTAL;
import static dev.lockstep.saga.domain.SagaFixtures.left;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.saga.domain.Compensation.Notice;
import dev.lockstep.saga.domain.Compensation.Undo;
import dev.lockstep.saga.domain.SagaCommand.CancelOrder;
import dev.lockstep.saga.domain.SagaCommand.ChargePayment;
import dev.lockstep.saga.domain.SagaCommand.ConfirmOrder;
import dev.lockstep.saga.domain.SagaCommand.RefundPayment;
import dev.lockstep.saga.domain.SagaCommand.ReleaseStock;
import dev.lockstep.saga.domain.SagaCommand.ReserveStock;
import dev.lockstep.saga.domain.SagaEvent.CancelRequested;
import dev.lockstep.saga.domain.SagaEvent.DeadlinePassed;
import dev.lockstep.saga.domain.SagaEvent.OrderCancelled;
import dev.lockstep.saga.domain.SagaEvent.OrderConfirmed;
import dev.lockstep.saga.domain.SagaEvent.OrderPlaced;
import dev.lockstep.saga.domain.SagaEvent.PaymentCharged;
import dev.lockstep.saga.domain.SagaEvent.PaymentDeclined;
import dev.lockstep.saga.domain.SagaEvent.PaymentRefunded;
import dev.lockstep.saga.domain.SagaEvent.StockRejected;
import dev.lockstep.saga.domain.SagaEvent.StockReleased;
import dev.lockstep.saga.domain.SagaEvent.StockReserved;
import dev.lockstep.saga.domain.SagaState.AwaitingOrder;
import dev.lockstep.saga.domain.SagaState.Cancelled;
import dev.lockstep.saga.domain.SagaState.CancellingOrder;
import dev.lockstep.saga.domain.SagaState.ChargingPayment;
import dev.lockstep.saga.domain.SagaState.Compensating;
import dev.lockstep.saga.domain.SagaState.Confirmed;
import dev.lockstep.saga.domain.SagaState.ConfirmingOrder;
import dev.lockstep.saga.domain.SagaState.NotStarted;
import dev.lockstep.saga.domain.SagaState.ReservingStock;
import dev.lockstep.saga.domain.SagaState.RetryingCompensation;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class OrderSagaTest {
    private static final OrderPlaced PLACED = new OrderPlaced(ORDER, "u1", ITEMS);
    private static final CancelRequested CANCEL_REQUESTED = new CancelRequested(ORDER);
    private static final StockReleased RELEASED = new StockReleased(ORDER);
    private static final PaymentRefunded REFUNDED = new PaymentRefunded(ORDER);
    private static final OrderCancelled ORDER_CANCELLED = new OrderCancelled(ORDER);
    private static final DeadlinePassed DEADLINE_PASSED = new DeadlinePassed(ORDER);

    private final OrderSaga saga = new OrderSaga(SagaFixtures.DEADLINES);

    @Nested
    class when_everything_goes_well {
        @Test
        void a_placed_order_reserves_its_stock() {
            assertThat(saga.decide(new NotStarted(), PLACED))
                    .isEqualTo(
                            decision(new ReservingStock("u1", ITEMS), STOCK_DEADLINE, new ReserveStock(ORDER, ITEMS)));
        }

        @Test
        void reserved_stock_is_charged_at_its_reserved_price() {
            assertThat(saga.decide(new ReservingStock("u1", ITEMS), new StockReserved(ORDER, TOTAL)))
                    .isEqualTo(decision(
                            new ChargingPayment("u1", TOTAL), PAYMENT_DEADLINE, new ChargePayment(ORDER, "u1", TOTAL)));
        }

        @Test
        void a_paid_order_is_confirmed() {
            assertThat(saga.decide(new ChargingPayment("u1", TOTAL), new PaymentCharged(ORDER, TOTAL)))
                    .isEqualTo(decision(new ConfirmingOrder(TOTAL, 0), CONFIRM_RETRY, new ConfirmOrder(ORDER, TOTAL)));
        }

        @Test
        void a_confirmed_order_ends_its_saga() {
            assertThat(saga.decide(new ConfirmingOrder(TOTAL, 2), new OrderConfirmed(ORDER)))
                    .isEqualTo(end(new Confirmed()));
        }
    }

    @Nested
    class when_a_participant_rejects {
        @Test
        void rejected_stock_cancels_the_order_for_the_same_reason() {
            assertThat(saga.decide(
                            new ReservingStock("u1", ITEMS), new StockRejected(ORDER, CancelReason.UNKNOWN_PRODUCT)))
                    .isEqualTo(decision(
                            new CancellingOrder(CancelReason.UNKNOWN_PRODUCT, 0),
                            COMPENSATION_RETRY,
                            new CancelOrder(ORDER, CancelReason.UNKNOWN_PRODUCT)));
        }

        @Test
        void a_declined_payment_releases_the_stock_before_cancelling_the_order() {
            assertThat(saga.decide(
                            new ChargingPayment("u1", TOTAL),
                            new PaymentDeclined(ORDER, DeclineReason.INSUFFICIENT_FUNDS)))
                    .isEqualTo(decision(
                            new Compensating(
                                    left(CancelReason.PAYMENT_DECLINED, Undo.AWAITED, Undo.DONE, Notice.HELD_BACK)),
                            COMPENSATION_RETRY,
                            new ReleaseStock(ORDER)));
        }

        @Test
        void the_order_is_cancelled_once_the_stock_is_released() {
            SagaState releasing =
                    new Compensating(left(CancelReason.PAYMENT_DECLINED, Undo.AWAITED, Undo.DONE, Notice.HELD_BACK));

            assertThat(saga.decide(releasing, RELEASED))
                    .isEqualTo(decision(
                            new CancellingOrder(CancelReason.PAYMENT_DECLINED, 0),
                            COMPENSATION_RETRY,
                            new CancelOrder(ORDER, CancelReason.PAYMENT_DECLINED)));
        }

        @Test
        void a_cancelled_order_ends_the_saga() {
            assertThat(saga.decide(new CancellingOrder(CancelReason.PAYMENT_DECLINED, 1), ORDER_CANCELLED))
                    .isEqualTo(end(new Cancelled(CancelReason.PAYMENT_DECLINED)));
        }
    }

    @Nested
    class when_inventory_misses_its_deadline {
        private final Compensating silent =
                new Compensating(left(CancelReason.TIMED_OUT, Undo.OUTSTANDING, Undo.DONE, Notice.SENT));

        @Test
        void the_order_is_cancelled_at_once_and_the_stock_released() {
            assertThat(saga.decide(new ReservingStock("u1", ITEMS), DEADLINE_PASSED))
                    .isEqualTo(decision(
                            silent,
                            COMPENSATION_RETRY,
                            new ReleaseStock(ORDER),
                            new CancelOrder(ORDER, CancelReason.TIMED_OUT)));
        }

        @Test
        void once_the_stock_is_released_only_the_order_is_awaited() {
            assertThat(saga.decide(silent, RELEASED))
                    .isEqualTo(decision(new CancellingOrder(CancelReason.TIMED_OUT, 0), COMPENSATION_RETRY));
        }

        @Test
        void once_the_order_is_cancelled_only_the_stock_is_awaited() {
            assertThat(saga.decide(silent, ORDER_CANCELLED))
                    .isEqualTo(decision(
                            new Compensating(
                                    left(CancelReason.TIMED_OUT, Undo.OUTSTANDING, Undo.DONE, Notice.ACKNOWLEDGED)),
                            COMPENSATION_RETRY));
        }

        @Test
        void the_saga_ends_when_the_stock_is_released_last() {
            SagaState told =
                    new Compensating(left(CancelReason.TIMED_OUT, Undo.OUTSTANDING, Undo.DONE, Notice.ACKNOWLEDGED));

            assertThat(saga.decide(told, RELEASED)).isEqualTo(end(new Cancelled(CancelReason.TIMED_OUT)));
        }
    }

    @Nested
    class when_payment_misses_its_deadline {
        private final Compensating silent =
                new Compensating(left(CancelReason.TIMED_OUT, Undo.AWAITED, Undo.OUTSTANDING, Notice.HELD_BACK));

        @Test
        void stock_is_released_and_the_payment_refunded() {
            assertThat(saga.decide(new ChargingPayment("u1", TOTAL), DEADLINE_PASSED))
                    .isEqualTo(decision(silent, COMPENSATION_RETRY, new ReleaseStock(ORDER), new RefundPayment(ORDER)));
        }

        @Test
        void the_order_is_cancelled_once_the_stock_is_released_without_awaiting_the_refund() {
            assertThat(saga.decide(silent, RELEASED))
                    .isEqualTo(decision(
                            new Compensating(left(CancelReason.TIMED_OUT, Undo.DONE, Undo.OUTSTANDING, Notice.SENT)),
                            COMPENSATION_RETRY,
                            new CancelOrder(ORDER, CancelReason.TIMED_OUT)));
        }

        @Test
        void a_refund_alone_does_not_cancel_the_order() {
            assertThat(saga.decide(silent, REFUNDED))
                    .isEqualTo(decision(
                            new Compensating(left(CancelReason.TIMED_OUT, Undo.AWAITED, Undo.DONE, Notice.HELD_BACK)),
                            COMPENSATION_RETRY));
        }
    }

    @Nested
    class when_the_order_service_misses_its_deadline {
        @Test
        void a_paid_order_is_confirmed_again_and_never_aborted() {
            assertThat(saga.decide(new ConfirmingOrder(TOTAL, 0), DEADLINE_PASSED))
                    .isEqualTo(decision(
                            new ConfirmingOrder(TOTAL, 1),
                            CONFIRM_RETRY.multipliedBy(2),
                            new ConfirmOrder(ORDER, TOTAL)));
        }

        @Test
        void the_cancel_command_is_sent_again() {
            assertThat(saga.decide(new CancellingOrder(CancelReason.OUT_OF_STOCK, 0), DEADLINE_PASSED))
                    .isEqualTo(decision(
                            new CancellingOrder(CancelReason.OUT_OF_STOCK, 1),
                            COMPENSATION_RETRY.multipliedBy(2),
                            new CancelOrder(ORDER, CancelReason.OUT_OF_STOCK)));
        }
    }

    @Nested
    class when_the_customer_cancels {
        private static final CancelReason REASON = CancelReason.CANCELLED_BY_CUSTOMER;

        @Test
        void a_cancel_that_arrives_before_its_order_is_remembered() {
            assertThat(saga.decide(new NotStarted(), CANCEL_REQUESTED)).isEqualTo(end(new AwaitingOrder()));
        }

        @Test
        void the_late_order_is_cancelled_without_reserving_stock() {
            assertThat(saga.decide(new AwaitingOrder(), PLACED))
                    .isEqualTo(decision(
                            new CancellingOrder(REASON, 0), COMPENSATION_RETRY, new CancelOrder(ORDER, REASON)));
        }

        @Test
        void an_operator_can_cancel_a_missing_order_and_a_late_order_reserves_nothing() {
            Decision ended = saga.decide(new AwaitingOrder(), new SagaEvent.CompensationRequested(ORDER));

            assertThat(ended)
                    .isEqualTo(decision(
                            new CancellingOrder(REASON, 0), COMPENSATION_RETRY, new CancelOrder(ORDER, REASON)));
            assertThat(saga.decide(ended.state(), PLACED)).isEqualTo(end(ended.state()));
            assertThat(saga.decide(new Cancelled(REASON), PLACED)).isEqualTo(end(new Cancelled(REASON)));
        }

        @Test
        void stock_that_is_being_reserved_is_released() {
            assertThat(saga.decide(new ReservingStock("u1", ITEMS), CANCEL_REQUESTED))
                    .isEqualTo(decision(
                            new Compensating(left(REASON, Undo.AWAITED, Undo.DONE, Notice.HELD_BACK)),
                            COMPENSATION_RETRY,
                            new ReleaseStock(ORDER)));
        }

        @ParameterizedTest
        @CsvSource({"ChargingPayment", "ConfirmingOrder"})
        void stock_is_released_and_the_payment_refunded(String where) {
            SagaState state =
                    where.equals("ChargingPayment") ? new ChargingPayment("u1", TOTAL) : new ConfirmingOrder(TOTAL, 1);

            assertThat(saga.decide(state, CANCEL_REQUESTED))
                    .isEqualTo(decision(
                            new Compensating(left(REASON, Undo.AWAITED, Undo.AWAITED, Notice.HELD_BACK)),
                            COMPENSATION_RETRY,
                            new ReleaseStock(ORDER),
                            new RefundPayment(ORDER)));
        }

        @Test
        void the_order_is_cancelled_only_after_both_are_undone() {
            Decision afterStock =
                    saga.decide(new Compensating(left(REASON, Undo.AWAITED, Undo.AWAITED, Notice.HELD_BACK)), RELEASED);
            Decision afterBoth = saga.decide(afterStock.state(), REFUNDED);

            assertThat(List.of(afterStock, afterBoth))
                    .containsExactly(
                            decision(
                                    new Compensating(left(REASON, Undo.DONE, Undo.AWAITED, Notice.HELD_BACK)),
                                    COMPENSATION_RETRY),
                            decision(
                                    new CancellingOrder(REASON, 0),
                                    COMPENSATION_RETRY,
                                    new CancelOrder(ORDER, REASON)));
        }

        @Test
        void a_cancel_of_a_confirmed_order_is_rejected() {
            assertThatThrownBy(() -> saga.decide(new Confirmed(), CANCEL_REQUESTED))
                    .isInstanceOf(UnexpectedEventException.class)
                    .hasMessage("CancelRequested cannot follow Confirmed for order o1");
        }
    }

    @Nested
    class when_a_compensation_is_not_acknowledged_in_time {
        private static final CancelReason REASON = CancelReason.CANCELLED_BY_CUSTOMER;

        @Test
        void the_first_missed_deadline_resends_and_cancels_the_order() {
            SagaState silent = new Compensating(left(REASON, Undo.DONE, Undo.AWAITED, Notice.HELD_BACK));

            assertThat(saga.decide(silent, DEADLINE_PASSED))
                    .isEqualTo(decision(
                            new RetryingCompensation(left(REASON, Undo.DONE, Undo.AWAITED, Notice.SENT), 1),
                            COMPENSATION_RETRY.multipliedBy(2),
                            new RefundPayment(ORDER),
                            new CancelOrder(ORDER, REASON)));
        }

        @Test
        void acknowledged_commands_are_not_sent_again() {
            SagaState silent =
                    new RetryingCompensation(left(REASON, Undo.OUTSTANDING, Undo.DONE, Notice.ACKNOWLEDGED), 1);

            assertThat(saga.decide(silent, DEADLINE_PASSED))
                    .isEqualTo(decision(
                            new RetryingCompensation(left(REASON, Undo.OUTSTANDING, Undo.DONE, Notice.ACKNOWLEDGED), 2),
                            COMPENSATION_RETRY.multipliedBy(4),
                            new ReleaseStock(ORDER)));
        }

        @Test
        void it_ends_with_the_last_acknowledgement() {
            Decision afterMoney = saga.decide(
                    new RetryingCompensation(left(REASON, Undo.DONE, Undo.AWAITED, Notice.SENT), 5), REFUNDED);
            Decision afterOrder = saga.decide(afterMoney.state(), ORDER_CANCELLED);

            assertThat(List.of(afterMoney, afterOrder))
                    .containsExactly(
                            decision(
                                    new RetryingCompensation(left(REASON, Undo.DONE, Undo.DONE, Notice.SENT), 5),
                                    Duration.ofMinutes(5)),
                            end(new Cancelled(REASON)));
        }
    }

    private static Decision decision(SagaState state, Duration deadline, SagaCommand... commands) {
        return new Decision(state, List.of(commands), deadline);
    }

    private static Decision end(SagaState state) {
        return new Decision(state, List.of(), null);
    }
}
