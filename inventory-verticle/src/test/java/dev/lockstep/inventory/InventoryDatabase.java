package dev.lockstep.inventory;

import dev.lockstep.contracts.InventoryCommand;
import dev.lockstep.embedded.LocalPostgres;
import dev.lockstep.embedded.TestServers;
import dev.lockstep.inventory.domain.Money;
import dev.lockstep.inventory.domain.Product;
import dev.lockstep.inventory.domain.ProductId;
import dev.lockstep.inventory.domain.StockDecider;
import dev.lockstep.messaging.MessagingSchema;
import dev.lockstep.messaging.delivery.ReceivedMessage;
import dev.lockstep.messaging.outbox.Outbox;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.StreamSupport;
import org.flywaydb.core.Flyway;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/** A separate database with the inventory tables, and a processor that uses it. */
final class InventoryDatabase implements AutoCloseable {
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
    private final Vertx vertx = Vertx.vertx();

    InventoryDatabase(int connections) {
        LocalPostgres postgres = TestServers.postgres();
        String database = TestServers.newDatabase("inventory");
        PGSimpleDataSource dataSource = new PGSimpleDataSource();
        dataSource.setUrl(postgres.jdbcUrl(database));
        dataSource.setUser(LocalPostgres.USER);
        dataSource.setPassword(LocalPostgres.PASSWORD);
        MessagingSchema.migrate(dataSource);
        Flyway.configure()
                .dataSource(dataSource)
                .locations("classpath:db/migration/inventory")
                .baselineOnMigrate(true)
                .baselineVersion("0")
                .load()
                .migrate();
        pool = PgBuilder.pool()
                .connectingTo(PgConnectOptions.fromUri(postgres.uri(database))
                        .setUser(LocalPostgres.USER)
                        .setPassword(LocalPostgres.PASSWORD)
                        .setCachePreparedStatements(true)
                        .setPipeliningLimit(16))
                .with(new PoolOptions().setMaxSize(connections))
                .using(vertx)
                .build();
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

    static <T> T await(Future<T> future) {
        try {
            return future.await(60, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("not completed within a minute", e);
        }
    }

    @Override
    public void close() {
        await(pool.close());
        await(vertx.close());
    }
}
