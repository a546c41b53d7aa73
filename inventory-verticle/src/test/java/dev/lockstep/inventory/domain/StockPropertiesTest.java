package dev.lockstep.inventory.domain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.inventory.domain.Reservation.Held;
import dev.lockstep.inventory.domain.Reservation.Rejected;
import dev.lockstep.inventory.domain.Reservation.Released;
import dev.lockstep.inventory.domain.Reservation.Unseen;
import dev.lockstep.inventory.domain.StockCommand.Release;
import dev.lockstep.inventory.domain.StockCommand.Reserve;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Invariants after random histories. A failing case names its seed. -Dseed=... repeats it. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class StockPropertiesTest {
    private static final int PRODUCTS = 5;
    private static final int ORDERS = 12;
    private static final int STEPS = 400;
    private static final OrderId ORDER = new OrderId("order-1");
    private static final ProductId CUP = new ProductId("cup");

    private final StockDecider decider = new StockDecider();

    static LongStream seeds() {
        Long given = Long.getLong("seed");
        return given == null ? new Random().longs(50) : LongStream.of(given);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void stock_is_conserved_and_what_is_reserved_is_what_orders_hold(long seed) {
        StockSimulation simulation = new StockSimulation(new Random(seed));
        Map<ProductId, Long> putIn = new HashMap<>();
        simulation.products.forEach((id, product) -> putIn.put(id, product.available() + product.reserved()));

        simulation.run(STEPS, command -> {
            simulation.apply(command);

            simulation.products.forEach((id, product) -> {
                assertThat(product.available() + product.reserved())
                        .as("total quantity of %s", id)
                        .isEqualTo(putIn.get(id));
                assertThat(product.reserved()).as("reserved quantity of %s", id).isEqualTo(simulation.heldOf(id));
            });
        });
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void an_order_holds_all_that_it_asked_for_or_nothing(long seed) {
        StockSimulation simulation = new StockSimulation(new Random(seed));

        simulation.run(STEPS, command -> {
            Reservation before = simulation.reservation(command.orderId());
            Map<ProductId, Product> shelf = Map.copyOf(simulation.products);
            Decision decision = simulation.apply(command);

            if (before instanceof Unseen && command instanceof Reserve reserve) {
                switch (decision.reservation()) {
                    case Held held -> {
                        Map<ProductId, Long> asked = new HashMap<>();
                        reserve.lines().forEach(line -> asked.merge(line.productId(), (long) line.qty(), Long::sum));
                        Map<ProductId, Long> got = new HashMap<>();
                        held.lines().forEach(line -> got.put(line.productId(), line.qty()));
                        assertThat(got).isEqualTo(asked);
                        assertThat(held.total().amount())
                                .isEqualTo(asked.entrySet().stream()
                                        .mapToLong(line -> line.getValue()
                                                * simulation
                                                        .product(line.getKey())
                                                        .unitPrice()
                                                        .amount())
                                        .sum());
                    }
                    case Rejected nothing -> assertThat(simulation.products).isEqualTo(shelf);
                    case Released never -> throw new AssertionError("released before the reservation");
                }
            }
        });
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void a_repeated_command_changes_nothing_and_is_answered_the_same(long seed) {
        StockSimulation simulation = new StockSimulation(new Random(seed));

        simulation.run(STEPS, command -> {
            Decision first = simulation.apply(command);
            Decision repeat = decider.decide(first.reservation(), simulation.products, command);

            assertThat(repeat).isEqualTo(new Decision(first.reservation(), List.of()));
        });
    }

    @ParameterizedTest
    @MethodSource("interleavings")
    void a_released_order_holds_nothing_in_any_order_of_arrival(List<StockCommand> arrivals) {
        Product before = new Product(CUP, "Cup", new Money(100, "USD"), 5, 2);
        Map<ProductId, Product> products = new HashMap<>(Map.of(CUP, before));

        Reservation reservation = new Unseen();
        boolean released = false;
        for (StockCommand command : arrivals) {
            Decision decision = decider.decide(reservation, products, command);
            decision.moved().forEach(product -> products.put(product.id(), product));
            reservation = decision.reservation();
            released |= command instanceof Release;

            assertThat(reservation instanceof Released)
                    .as("an order is released from its first release on, and not before")
                    .isEqualTo(released);
            assertThat(products.get(CUP)).isEqualTo(reservation instanceof Held ? before.reserve(3) : before);
        }
        assertThat(products).containsExactly(Map.entry(CUP, before));
    }

    /** All permutations of two reservations and two releases, and of every subset that contains a release. */
    static Stream<List<StockCommand>> interleavings() {
        Reserve reserve = new Reserve(ORDER, List.of(new OrderLine(CUP, 3)));
        Release release = new Release(ORDER);
        return arrangements(List.of(reserve, reserve, release, release))
                .filter(arrivals -> arrivals.contains(release))
                .distinct();
    }

    private static Stream<List<StockCommand>> arrangements(List<StockCommand> commands) {
        return Stream.concat(
                Stream.of(List.of()),
                IntStream.range(0, commands.size()).boxed().flatMap(first -> {
                    List<StockCommand> rest = new ArrayList<>(commands);
                    StockCommand head = rest.remove((int) first);
                    return arrangements(rest)
                            .map(tail -> Stream.concat(Stream.of(head), tail.stream())
                                    .toList());
                }));
    }

    /** A few products with scarce stock, so that orders compete, and a few orders, so that commands repeat and cross. */
    private final class StockSimulation {
        private final Random random;
        private final Map<ProductId, Product> products = new HashMap<>();
        private final Map<OrderId, Reservation> reservations = new HashMap<>();

        StockSimulation(Random random) {
            this.random = random;
            for (int i = 0; i < PRODUCTS; i++) {
                ProductId id = new ProductId("p" + i);
                String currency = random.nextInt(4) == 0 ? "KRW" : "USD";
                Money price = new Money(random.nextInt(1_000), currency);
                products.put(id, new Product(id, "Product " + i, price, random.nextInt(20), 0));
            }
        }

        void run(int steps, Consumer<StockCommand> step) {
            for (int i = 0; i < steps; i++) {
                step.accept(command());
            }
        }

        StockCommand command() {
            OrderId orderId = new OrderId("o" + random.nextInt(ORDERS));
            // A released order stays released. Now and then a new order replaces it, so that the history goes on.
            if (reservation(orderId) instanceof Released && random.nextBoolean()) {
                reservations.remove(orderId);
            }
            if (random.nextInt(3) == 0) {
                return new Release(orderId);
            }
            // Includes one product that does not exist.
            List<OrderLine> lines = IntStream.rangeClosed(0, random.nextInt(3))
                    .mapToObj(i ->
                            new OrderLine(new ProductId("p" + random.nextInt(PRODUCTS + 1)), 1 + random.nextInt(4)))
                    .toList();
            return new Reserve(orderId, lines);
        }

        Decision apply(StockCommand command) {
            Decision decision = decider.decide(reservation(command.orderId()), products, command);
            decision.moved().forEach(product -> products.put(product.id(), product));
            reservations.put(command.orderId(), decision.reservation());
            return decision;
        }

        Reservation reservation(OrderId orderId) {
            return reservations.getOrDefault(orderId, new Unseen());
        }

        Product product(ProductId id) {
            Product product = products.get(id);
            assertThat(product).isNotNull();
            return product;
        }

        long heldOf(ProductId id) {
            return reservations.values().stream()
                    .flatMap(reservation -> reservation instanceof Held held ? held.lines().stream() : Stream.of())
                    .filter(line -> line.productId().equals(id))
                    .mapToLong(HeldLine::qty)
                    .sum();
        }
    }
}
