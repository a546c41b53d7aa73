package dev.lockstep.inventory.domain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.inventory.domain.Reservation.Held;
import dev.lockstep.inventory.domain.Reservation.Rejected;
import dev.lockstep.inventory.domain.Reservation.Released;
import dev.lockstep.inventory.domain.Reservation.Unseen;
import dev.lockstep.inventory.domain.StockCommand.Release;
import dev.lockstep.inventory.domain.StockCommand.Reserve;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class StockDeciderTest {
    private static final OrderId ORDER = new OrderId("order-1");
    private static final ProductId CUP = new ProductId("cup");
    private static final ProductId POT = new ProductId("pot");
    private static final ProductId MUG = new ProductId("mug");

    private final StockDecider decider = new StockDecider();

    @Nested
    class when_an_order_is_new {
        @Test
        void all_its_lines_are_held_at_todays_prices() {
            Product cup = new Product(CUP, "Cup", new Money(2_000, "KRW"), 10, 0);
            Product pot = new Product(POT, "Pot", new Money(30_000, "KRW"), 5, 1);

            Decision decision = decider.decide(
                    new Unseen(), products(cup, pot), reserve(new OrderLine(CUP, 3), new OrderLine(POT, 5)));

            assertThat(decision)
                    .isEqualTo(new Decision(
                            new Held(
                                    List.of(new HeldLine(CUP, 3, 2_000), new HeldLine(POT, 5, 30_000)),
                                    new Money(156_000, "KRW")),
                            List.of(
                                    new Product(CUP, "Cup", new Money(2_000, "KRW"), 7, 3),
                                    new Product(POT, "Pot", new Money(30_000, "KRW"), 0, 6))));
        }

        @Test
        void a_product_named_twice_adds_up() {
            Product cup = new Product(CUP, "Cup", new Money(100, "USD"), 5, 0);

            Decision enough =
                    decider.decide(new Unseen(), products(cup), reserve(new OrderLine(CUP, 2), new OrderLine(CUP, 3)));
            Decision tooFew =
                    decider.decide(new Unseen(), products(cup), reserve(new OrderLine(CUP, 3), new OrderLine(CUP, 3)));

            assertThat(enough.reservation())
                    .isEqualTo(new Held(List.of(new HeldLine(CUP, 5, 100)), new Money(500, "USD")));
            assertThat(tooFew).isEqualTo(rejected(RejectionReason.OUT_OF_STOCK));
        }

        @Test
        void quantities_beyond_an_int_do_not_overflow() {
            Product cup = new Product(CUP, "Cup", new Money(100, "USD"), 5, 0);

            Decision decision = decider.decide(
                    new Unseen(),
                    products(cup),
                    reserve(
                            new OrderLine(CUP, Integer.MAX_VALUE),
                            new OrderLine(CUP, Integer.MAX_VALUE),
                            new OrderLine(CUP, 4)));

            assertThat(decision).isEqualTo(rejected(RejectionReason.OUT_OF_STOCK));
        }

        @Test
        void nothing_is_held_when_one_product_of_several_is_too_few() {
            Product cup = new Product(CUP, "Cup", new Money(100, "USD"), 5, 0);
            Product pot = new Product(POT, "Pot", new Money(100, "USD"), 0, 0);

            Decision decision = decider.decide(
                    new Unseen(), products(cup, pot), reserve(new OrderLine(CUP, 1), new OrderLine(POT, 1)));

            assertThat(decision).isEqualTo(rejected(RejectionReason.OUT_OF_STOCK));
        }

        @Test
        void an_unknown_product_is_the_reason_even_if_another_is_out_of_stock() {
            Product pot = new Product(POT, "Pot", new Money(100, "USD"), 0, 0);

            Decision decision =
                    decider.decide(new Unseen(), products(pot), reserve(new OrderLine(POT, 1), new OrderLine(MUG, 1)));

            assertThat(decision).isEqualTo(rejected(RejectionReason.UNKNOWN_PRODUCT));
        }

        @Test
        void products_priced_in_different_currencies_have_no_total() {
            Product cup = new Product(CUP, "Cup", new Money(100, "USD"), 5, 0);
            Product pot = new Product(POT, "Pot", new Money(100, "KRW"), 5, 0);

            Decision decision = decider.decide(
                    new Unseen(), products(cup, pot), reserve(new OrderLine(CUP, 1), new OrderLine(POT, 1)));

            assertThat(decision).isEqualTo(rejected(RejectionReason.MIXED_CURRENCIES));
        }

        @Test
        void a_rejection_is_final_even_after_a_restock() {
            Product restocked = new Product(CUP, "Cup", new Money(100, "USD"), 500, 0);

            Decision repeat = decider.decide(
                    new Rejected(RejectionReason.OUT_OF_STOCK), products(restocked), reserve(new OrderLine(CUP, 1)));

            assertThat(repeat).isEqualTo(rejected(RejectionReason.OUT_OF_STOCK));
        }

        @Test
        void a_total_that_overflows_is_rejected() {
            Product cup = new Product(CUP, "Cup", new Money(Long.MAX_VALUE / 2, "USD"), 5, 0);
            Product pot = new Product(POT, "Pot", new Money(2, "USD"), 5, 0);

            assertThatThrownBy(() -> decider.decide(new Unseen(), products(cup), reserve(new OrderLine(CUP, 3))))
                    .isInstanceOf(TotalTooLargeException.class)
                    .hasMessageContaining("order-1");
            assertThatThrownBy(() -> decider.decide(
                            new Unseen(), products(cup, pot), reserve(new OrderLine(CUP, 2), new OrderLine(POT, 1))))
                    .isInstanceOf(TotalTooLargeException.class);
        }

        @Test
        void a_total_beyond_the_safe_json_integer_is_rejected() {
            Product cup = new Product(CUP, "Cup", new Money(9_007_199_254_740_991L, "USD"), 5, 0);
            Product pot = new Product(POT, "Pot", new Money(1, "USD"), 5, 0);

            assertThatThrownBy(() -> decider.decide(
                            new Unseen(), products(cup, pot), reserve(new OrderLine(CUP, 1), new OrderLine(POT, 1))))
                    .isInstanceOf(TotalTooLargeException.class)
                    .hasMessage("the total of order order-1 exceeds 9007199254740991 minor units");
            assertThat(decider.decide(new Unseen(), products(cup), reserve(new OrderLine(CUP, 1)))
                            .reservation())
                    .isInstanceOf(Held.class);
        }
    }

    @Nested
    class when_stock_is_released {
        @Test
        void released_stock_is_available_again_whatever_its_current_price() {
            Held held = new Held(List.of(new HeldLine(CUP, 3, 100)), new Money(300, "USD"));
            Product cup = new Product(CUP, "Cup, now dearer", new Money(250, "EUR"), 4, 5);

            Decision decision = decider.decide(held, products(cup), new Release(ORDER));

            assertThat(decision)
                    .isEqualTo(new Decision(
                            new Released(), List.of(new Product(CUP, "Cup, now dearer", new Money(250, "EUR"), 7, 2))));
        }

        @Test
        void a_rejected_order_is_released_too() {
            Decision decision =
                    decider.decide(new Rejected(RejectionReason.OUT_OF_STOCK), products(), new Release(ORDER));

            assertThat(decision).isEqualTo(new Decision(new Released(), List.of()));
        }

        @Test
        void a_release_that_arrives_first_blocks_its_reservation() {
            Product cup = new Product(CUP, "Cup", new Money(100, "USD"), 5, 0);

            Decision first = decider.decide(new Unseen(), products(), new Release(ORDER));
            Decision late = decider.decide(first.reservation(), products(cup), reserve(new OrderLine(CUP, 1)));

            assertThat(first).isEqualTo(new Decision(new Released(), List.of()));
            assertThat(late).isEqualTo(first);
        }
    }

    private static Reserve reserve(OrderLine... lines) {
        return new Reserve(ORDER, List.of(lines));
    }

    private static Decision rejected(RejectionReason reason) {
        return new Decision(new Rejected(reason), List.of());
    }

    private static Map<ProductId, Product> products(Product... products) {
        return Arrays.stream(products).collect(Collectors.toMap(Product::id, Function.identity()));
    }
}
