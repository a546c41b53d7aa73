package dev.lockstep.inventory;

import static dev.lockstep.testing.Futures.await;

import dev.lockstep.contracts.InventoryCommand;
import dev.lockstep.inventory.domain.Money;
import dev.lockstep.inventory.domain.Product;
import dev.lockstep.inventory.domain.ProductId;
import dev.lockstep.inventory.domain.StockDecider;
import dev.lockstep.messaging.MessagingSchema;
import dev.lockstep.messaging.delivery.ReceivedMessage;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.testing.DatabaseTemplate;
import dev.lockstep.testing.TestResource;
import dev.lockstep.testing.VertxDatabase;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import java.util.UUID;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/** A separate database with the inventory tables, and a processor that uses it. */
final class InventoryDatabase extends TestResource {
    private static final DatabaseTemplate TABLES =
            DatabaseTemplate.ofService("inventory", MessagingSchema::migrate, "db/migration/inventory");

    private static final String INSERT_PRODUCT = """
            WITH intake AS (INSERT INTO stock_intake (product_id, qty) VALUES ($1, $4))
            INSERT INTO product (product_id, name, unit_price, currency, available) VALUES ($1, $1, $2, $3, $4)
            """;
    private static final String EVENTS = """
            SELECT type || ' ' || convert_from(payload, 'UTF8') AS event, traceparent
              FROM outbox
             WHERE aggregatetype = 'reservation' AND topic = 'inventory.updated' AND aggregateid = $1
             ORDER BY id
            """;
    private static final String NOT_CONSERVED = """
            SELECT p.product_id, p.available, p.reserved, coalesce(held.qty, 0) AS held, put_in.qty AS put_in
              FROM product p
              LEFT JOIN (SELECT item ->> 'productId' AS product_id, sum((item ->> 'qty')::bigint) AS qty
                           FROM reservation, jsonb_array_elements(items) AS item
                          WHERE state = 'HELD'
                          GROUP BY 1) held USING (product_id)
              LEFT JOIN (SELECT product_id, sum(qty) AS qty FROM stock_intake GROUP BY product_id) put_in USING (product_id)
             WHERE p.reserved <> coalesce(held.qty, 0)
                OR p.available + p.reserved <> coalesce(put_in.qty, 0)
            """;

    final ProductStore products = new ProductStore();
    final InventoryProcessor processor = new InventoryProcessor(
            new InventoryMessages(), new ReservationStore(), products, new Outbox(), new StockDecider());
    final Pool pool;
    private final VertxDatabase data;

    InventoryDatabase(int connections) {
        data = new VertxDatabase(TABLES, connections, options -> {
            options.setPipeliningLimit(16);
            return options;
        });
        pool = data.pool();
    }

    /** Handles the commands as one batch in one transaction. */
    Future<Void> batch(List<? extends InventoryCommand> commands) {
        return pool.withTransaction(tx -> handle(tx, commands)).mapEmpty();
    }

    Future<Void> handle(SqlConnection tx, List<? extends InventoryCommand> commands) {
        return processor.handle(tx, received(commands));
    }

    void put(String productId, long unitPrice, String currency, long available) {
        await(pool.preparedQuery(INSERT_PRODUCT).execute(Tuple.of(productId, unitPrice, currency, available)));
    }

    void put(ProductId id, Money unitPrice, long available) {
        await(products.put(pool, id, id.value(), unitPrice, available));
    }

    Product product(String productId) {
        return await(products.find(pool, new ProductId(productId))).orElseThrow();
    }

    /** The events of the order in the order of sending, each as its type and its JSON. */
    List<String> events(String orderId) {
        return await(pool.preparedQuery(EVENTS)
                .execute(Tuple.of(orderId))
                .map(rows -> StreamSupport.stream(rows.spliterator(), false)
                        .map(row -> row.getString("event"))
                        .toList()));
    }

    List<String> traceparents(String orderId) {
        return await(pool.preparedQuery(EVENTS)
                .execute(Tuple.of(orderId))
                .map(rows -> StreamSupport.stream(rows.spliterator(), false)
                        .map(row -> row.getString("traceparent"))
                        .toList()));
    }

    /** Products whose reserved quantity differs from the reservations, or whose total differs from the intake. Always empty. */
    Future<List<String>> productsNotConserved() {
        return pool.query(NOT_CONSERVED)
                .execute()
                .map(rows -> StreamSupport.stream(rows.spliterator(), false)
                        .map(row -> row.deepToString())
                        .toList());
    }

    /** The types of the events that were sent. */
    Future<List<String>> answers() {
        return pool.query("SELECT DISTINCT type FROM outbox")
                .execute()
                .map(rows -> StreamSupport.stream(rows.spliterator(), false)
                        .map(row -> row.getString("type"))
                        .toList());
    }

    static List<ReceivedMessage<InventoryCommand>> received(List<? extends InventoryCommand> commands) {
        return commands.stream().map(command -> received(command, null)).toList();
    }

    static ReceivedMessage<InventoryCommand> received(InventoryCommand command, @Nullable String traceparent) {
        return new ReceivedMessage<>(
                command, UUID.randomUUID(), "inventory.commands", 0, 0, command.orderId(), traceparent);
    }

    @Override
    public void close() {
        data.close();
    }
}
