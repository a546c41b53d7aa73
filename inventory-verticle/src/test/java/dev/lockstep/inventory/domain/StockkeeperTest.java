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
class StockkeeperTest {
    private static final OrderId ORDER = new OrderId("order-1");
    private static final ProductId CUP = new ProductId("cup");
    private static final ProductId POT = new ProductId("pot");
    private static final ProductId MUG = new ProductId("mug");

    private final Stockkeeper stockkeeper = new Stockkeeper();

    @Nested
    class when_an_order_is_seen_for_the_first_time {
        @Test
        void all_its_lines_are_held_at_todays_prices() {
            // Given
            Product cup = new Product(CUP, "Cup", new Money(2_000, "KRW"), 10, 0);
            Product pot = new Product(POT, "Pot", new Money(30_000, "KRW"), 5, 1);

            // When
            Decision decision =
                    stockkeeper.decide(new Unseen(), products(cup, pot), reserve(new Line(CUP, 3), new Line(POT, 5)));

            // Then
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
            // Given
            Product cup = new Product(CUP, "Cup", new Money(100, "USD"), 5, 0);

            // When
            Decision enough =
                    stockkeeper.decide(new Unseen(), products(cup), reserve(new Line(CUP, 2), new Line(CUP, 3)));
            Decision tooFew =
                    stockkeeper.decide(new Unseen(), products(cup), reserve(new Line(CUP, 3), new Line(CUP, 3)));

            // Then
            assertThat(enough.reservation())
                    .isEqualTo(new Held(List.of(new HeldLine(CUP, 5, 100)), new Money(500, "USD")));
            assertThat(tooFew).isEqualTo(rejected(RejectionReason.OUT_OF_STOCK));
        }

        @Test
        void quantities_beyond_an_int_are_too_few_rather_than_negative() {
            // Given
            Product cup = new Product(CUP, "Cup", new Money(100, "USD"), 5, 0);

            // When
            Decision decision = stockkeeper.decide(
                    new Unseen(),
                    products(cup),
                    reserve(new Line(CUP, Integer.MAX_VALUE), new Line(CUP, Integer.MAX_VALUE), new Line(CUP, 4)));

            // Then
            assertThat(decision).isEqualTo(rejected(RejectionReason.OUT_OF_STOCK));
        }

        @Test
        void nothing_is_held_when_one_product_of_several_is_too_few() {
            // Given
            Product cup = new Product(CUP, "Cup", new Money(100, "USD"), 5, 0);
            Product pot = new Product(POT, "Pot", new Money(100, "USD"), 0, 0);

            // When
            Decision decision =
                    stockkeeper.decide(new Unseen(), products(cup, pot), reserve(new Line(CUP, 1), new Line(POT, 1)));

            // Then
            assertThat(decision).isEqualTo(rejected(RejectionReason.OUT_OF_STOCK));
        }

        @Test
        void an_unknown_product_is_the_reason_even_if_another_is_out_of_stock() {
            // Given
            Product pot = new Product(POT, "Pot", new Money(100, "USD"), 0, 0);

            // When
            Decision decision =
                    stockkeeper.decide(new Unseen(), products(pot), reserve(new Line(POT, 1), new Line(MUG, 1)));

            // Then
            assertThat(decision).isEqualTo(rejected(RejectionReason.UNKNOWN_PRODUCT));
        }

        @Test
        void products_priced_in_different_currencies_have_no_total() {
            // Given
            Product cup = new Product(CUP, "Cup", new Money(100, "USD"), 5, 0);
            Product pot = new Product(POT, "Pot", new Money(100, "KRW"), 5, 0);

            // When
            Decision decision =
                    stockkeeper.decide(new Unseen(), products(cup, pot), reserve(new Line(CUP, 1), new Line(POT, 1)));

            // Then
            assertThat(decision).isEqualTo(rejected(RejectionReason.MIXED_CURRENCIES));
        }

        @Test
        void a_rejection_stands_even_if_there_is_enough_by_now() {
            // Given
            Product restocked = new Product(CUP, "Cup", new Money(100, "USD"), 500, 0);

            // When
            Decision repeat = stockkeeper.decide(
                    new Rejected(RejectionReason.OUT_OF_STOCK), products(restocked), reserve(new Line(CUP, 1)));

            // Then
            assertThat(repeat).isEqualTo(rejected(RejectionReason.OUT_OF_STOCK));
        }

        @Test
        void a_total_that_cannot_be_told_is_refused_by_name() {
            // Given
            Product cup = new Product(CUP, "Cup", new Money(Long.MAX_VALUE / 2, "USD"), 5, 0);
            Product pot = new Product(POT, "Pot", new Money(2, "USD"), 5, 0);

            // Then
            assertThatThrownBy(() -> stockkeeper.decide(new Unseen(), products(cup), reserve(new Line(CUP, 3))))
                    .isInstanceOf(TotalTooLargeException.class)
                    .hasMessageContaining("order-1");
            assertThatThrownBy(() -> stockkeeper.decide(
                            new Unseen(), products(cup, pot), reserve(new Line(CUP, 2), new Line(POT, 1))))
                    .isInstanceOf(TotalTooLargeException.class);
        }

        @Test
        void a_total_that_not_every_reader_of_json_takes_as_it_is_cannot_be_told() {
            // Given
            Product cup = new Product(CUP, "Cup", new Money(9_007_199_254_740_991L, "USD"), 5, 0);
            Product pot = new Product(POT, "Pot", new Money(1, "USD"), 5, 0);

            // Then
            assertThatThrownBy(() -> stockkeeper.decide(
                            new Unseen(), products(cup, pot), reserve(new Line(CUP, 1), new Line(POT, 1))))
                    .isInstanceOf(TotalTooLargeException.class)
                    .hasMessage("the total of order order-1 exceeds 9007199254740991 minor units");
            assertThat(stockkeeper
                            .decide(new Unseen(), products(cup), reserve(new Line(CUP, 1)))
                            .reservation())
                    .isInstanceOf(Held.class);
        }
    }

    @Nested
    class when_stock_is_released {
        @Test
        void what_was_held_is_available_again_whatever_it_costs_now() {
            // Given
            Held held = new Held(List.of(new HeldLine(CUP, 3, 100)), new Money(300, "USD"));
            Product cup = new Product(CUP, "Cup, now dearer", new Money(250, "EUR"), 4, 5);

            // When
            Decision decision = stockkeeper.decide(held, products(cup), new Release(ORDER));

            // Then
            assertThat(decision)
                    .isEqualTo(new Decision(
                            new Released(), List.of(new Product(CUP, "Cup, now dearer", new Money(250, "EUR"), 7, 2))));
        }

        @Test
        void a_rejected_order_is_released_too() {
            // When
            Decision decision =
                    stockkeeper.decide(new Rejected(RejectionReason.OUT_OF_STOCK), products(), new Release(ORDER));

            // Then
            assertThat(decision).isEqualTo(new Decision(new Released(), List.of()));
        }

        @Test
        void a_release_that_overtakes_its_reservation_bars_it() {
            // Given
            Product cup = new Product(CUP, "Cup", new Money(100, "USD"), 5, 0);

            // When
            Decision first = stockkeeper.decide(new Unseen(), products(), new Release(ORDER));
            Decision late = stockkeeper.decide(first.reservation(), products(cup), reserve(new Line(CUP, 1)));

            // Then
            assertThat(first).isEqualTo(new Decision(new Released(), List.of()));
            assertThat(late).isEqualTo(first);
        }
    }

    private static Reserve reserve(Line... lines) {
        return new Reserve(ORDER, List.of(lines));
    }

    private static Decision rejected(RejectionReason reason) {
        return new Decision(new Rejected(reason), List.of());
    }

    private static Map<ProductId, Product> products(Product... products) {
        return Arrays.stream(products).collect(Collectors.toMap(Product::id, Function.identity()));
    }
}
