package dev.lockstep.testing;

import static dev.lockstep.testing.Futures.await;

import io.vertx.core.Vertx;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.Row;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** A {@link TestDatabase} with a Vert.x instance and a connection pool. */
public final class VertxDatabase extends TestResource {
    private final Vertx vertx = Vertx.vertx();
    private final TestDatabase database;
    private final Pool pool;

    public VertxDatabase(DatabaseTemplate template, int connections) {
        this(template, connections, UnaryOperator.identity());
    }

    /** @param options changes the options of the pool's connections */
    public VertxDatabase(DatabaseTemplate template, int connections, UnaryOperator<PgConnectOptions> options) {
        database = new TestDatabase(template);
        pool = PgBuilder.pool()
                .connectingTo(options.apply(database.connectOptions()))
                .with(new PoolOptions().setMaxSize(connections))
                .using(vertx)
                .build();
    }

    public Vertx vertx() {
        return vertx;
    }

    public Pool pool() {
        return pool;
    }

    public TestDatabase database() {
        return database;
    }

    /** Returns the first column of all rows as text. */
    public List<String> strings(String sql) {
        List<String> column = new ArrayList<>();
        for (Row row : await(pool.query(sql).execute())) {
            column.add(String.valueOf(row.getValue(0)));
        }
        return column;
    }

    @Override
    public void close() {
        await(pool.close());
        await(vertx.close());
    }
}
