package dev.lockstep.payment.domain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.payment.domain.Payment.Charged;
import dev.lockstep.payment.domain.Payment.Decided;
import dev.lockstep.payment.domain.Payment.Declined;
import dev.lockstep.payment.domain.Payment.Refunded;
import dev.lockstep.payment.domain.Payment.Unseen;
import dev.lockstep.payment.domain.PaymentCommand.Charge;
import dev.lockstep.payment.domain.PaymentCommand.Refund;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class PaymentDeciderTest {
    private static final OrderId ORDER = new OrderId("o1");
    private static final UserId USER = new UserId("u1");
    private static final Money PRICE = new Money(2_000, "KRW");
    private static final Account RICH = new Account(USER, new Money(1_000_000, "KRW"));
    private static final Account POOR = new Account(USER, new Money(1_999, "KRW"));
    private static final Charge CHARGE = new Charge(ORDER, USER, PRICE);
    private static final Refund REFUND = new Refund(ORDER);

    private final PaymentDecider decider = new PaymentDecider();

    @Nested
    class when_there_is_no_payment_yet {
        private final Payment unseen = new Unseen(ORDER);

        @Test
        void a_charge_moves_its_amount_from_the_user_to_revenue() {
            Decision decision = decider.decide(unseen, RICH, CHARGE);

            assertThat(decision)
                    .isEqualTo(new Decision(new Charged(ORDER, USER, PRICE), Posting.charge(ORDER, USER, PRICE)));
        }

        @Test
        void the_whole_balance_can_be_charged() {
            Account exact = new Account(USER, PRICE);

            Decision decision = decider.decide(unseen, exact, CHARGE);

            assertThat(decision.payment()).isEqualTo(new Charged(ORDER, USER, PRICE));
        }

        @Test
        void a_charge_of_one_unit_too_much_is_declined() {
            Decision decision = decider.decide(unseen, POOR, CHARGE);

            assertThat(decision).isEqualTo(declined(DeclineReason.INSUFFICIENT_FUNDS));
        }

        @Test
        void a_charge_to_an_unknown_account_is_declined() {
            Decision decision = decider.decide(unseen, null, CHARGE);

            assertThat(decision).isEqualTo(declined(DeclineReason.UNKNOWN_ACCOUNT));
        }

        @Test
        void a_charge_in_another_currency_is_declined() {
            Account dollars = new Account(USER, new Money(1_000_000, "USD"));

            Decision decision = decider.decide(unseen, dollars, CHARGE);

            assertThat(decision).isEqualTo(declined(DeclineReason.CURRENCY_MISMATCH));
        }

        @Test
        void a_refund_leaves_a_tombstone_and_moves_nothing() {
            Decision decision = decider.decide(unseen, null, REFUND);

            assertThat(decision).isEqualTo(new Decision(new Refunded(ORDER, null, null), null));
        }

        private Decision declined(DeclineReason reason) {
            return new Decision(new Declined(ORDER, USER, PRICE, reason), null);
        }
    }

    @Test
    void a_refund_of_a_charge_gives_the_money_back() {
        Decision decision = decider.decide(new Charged(ORDER, USER, PRICE), POOR, REFUND);

        assertThat(decision)
                .isEqualTo(new Decision(new Refunded(ORDER, USER, PRICE), Posting.refund(ORDER, USER, PRICE)));
    }

    @Test
    void a_refund_of_a_declined_charge_moves_nothing() {
        Decision decision =
                decider.decide(new Declined(ORDER, USER, PRICE, DeclineReason.INSUFFICIENT_FUNDS), POOR, REFUND);

        assertThat(decision).isEqualTo(new Decision(new Refunded(ORDER, USER, null), null));
    }

    @ParameterizedTest
    @MethodSource("decidedPayments")
    void a_charge_of_a_decided_payment_changes_nothing(Decided payment) {
        Decision decision = decider.decide(payment, RICH, CHARGE);

        assertThat(decision).isEqualTo(new Decision(payment, null));
    }

    @ParameterizedTest
    @MethodSource("decidedPayments")
    void a_refund_that_repeats_changes_nothing(Decided payment) {
        Payment refunded = decider.decide(payment, RICH, REFUND).payment();

        Decision again = decider.decide(refunded, RICH, REFUND);

        assertThat(again.posting()).isNull();
        assertThat(again.payment()).isEqualTo(refunded);
    }

    static Stream<Arguments> decidedPayments() {
        return Stream.of(
                        new Charged(ORDER, USER, PRICE),
                        new Declined(ORDER, USER, PRICE, DeclineReason.INSUFFICIENT_FUNDS),
                        new Declined(ORDER, USER, PRICE, DeclineReason.UNKNOWN_ACCOUNT),
                        new Refunded(ORDER, USER, PRICE),
                        new Refunded(ORDER, null, null))
                .map(Arguments::of);
    }
}
