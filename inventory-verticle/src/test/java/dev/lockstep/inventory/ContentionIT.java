package dev.lockstep.inventory;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.contracts.InventoryCommand;
import dev.lockstep.contracts.OrderItem;
import dev.lockstep.contracts.ReleaseStock;
import dev.lockstep.contracts.ReserveStock;
import dev.lockstep.inventory.domain.Product;
import dev.lockstep.inventory.domain.ProductId;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

/** Many concurrent writers on few products. A failing case names its seed. -Dseed=... repeats its random choices, but not their timing. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class ContentionIT {
    private static final int WRITERS = 8;
    private static final int BATCHES = 15;
    private static final int COMMANDS = 40;
    private static final int PRODUCTS = 6;
    private static final int ORDERS_PER_WRITER = 600;
    private static final int RESTOCKS = 30;
    private static final long STOCK = 100;
    private static final long SEED = Long.getLong("seed", System.nanoTime());

    @Test
    void batches_over_the_same_products_in_different_orders_neither_deadlock_nor_oversell() {
        try (InventoryDatabase database = new InventoryDatabase(WRITERS + 2)) {
            IntStream.range(0, PRODUCTS).forEach(i -> database.put("p" + i, 100, "KRW", STOCK));
            Random seeds = new Random(SEED);

            List<Future<Long>> writers = new ArrayList<>();
            for (int writer = 0; writer < WRITERS; writer++) {
                writers.add(batches(database, "w" + writer + "-", new Random(seeds.nextLong()), BATCHES));
            }
            writers.add(restocks(database, new Random(seeds.nextLong()), RESTOCKS));
            List<Long> outcomes = await(Future.join(writers).map(done -> done.<Long>list()));

            long putIn = PRODUCTS * STOCK + outcomes.getLast();
            List<Product> products = IntStream.range(0, PRODUCTS)
                    .mapToObj(i -> database.product("p" + i))
                    .toList();
            assertThat(products.stream()
                            .mapToLong(product -> product.available() + product.reserved())
                            .sum())
                    .as("total quantity, seed %d", SEED)
                    .isEqualTo(putIn);
            assertThat(await(database.answers()))
                    .as("reserved and rejected orders, seed %d", SEED)
                    .contains("StockReserved", "StockRejected", "StockReleased");
        }
    }

    /** Runs the batches sequentially, like a consumer. No batch may fail, and the quantities must be consistent after each. */
    private static Future<Long> batches(InventoryDatabase database, String prefix, Random random, int left) {
        return left == 0
                ? Future.succeededFuture(0L)
                : database.batch(commands(prefix, random))
                        .compose(done -> database.productsNotConserved())
                        .map(off -> assertThat(off).as("seed %d", SEED).hasToString("[]"))
                        .compose(done -> batches(database, prefix, random, left - 1));
    }

    private static List<InventoryCommand> commands(String prefix, Random random) {
        return IntStream.range(0, COMMANDS)
                .mapToObj(i -> command(prefix, random))
                .toList();
    }

    private static InventoryCommand command(String prefix, Random random) {
        String orderId = prefix + random.nextInt(ORDERS_PER_WRITER);
        if (random.nextInt(5) == 0) {
            return new ReleaseStock(orderId);
        }
        List<Integer> products =
                new ArrayList<>(IntStream.range(0, PRODUCTS).boxed().toList());
        Collections.shuffle(products, random);
        return new ReserveStock(
                orderId,
                products.subList(0, 1 + random.nextInt(3)).stream()
                        .map(product -> new OrderItem("p" + product, 1 + random.nextInt(3)))
                        .toList());
    }

    /** Restocks random products while the batches run. Completes with the total quantity added. */
    private static Future<Long> restocks(InventoryDatabase database, Random random, int left) {
        if (left == 0) {
            return Future.succeededFuture(0L);
        }
        ProductId id = new ProductId("p" + random.nextInt(PRODUCTS));
        return database.products
                .restock(database.pool, id, 1)
                .compose(product -> restocks(database, random, left - 1))
                .map(added -> added + 1);
    }
}
