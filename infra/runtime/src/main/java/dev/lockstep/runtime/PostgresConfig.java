package dev.lockstep.runtime;

import io.vertx.core.Vertx;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/** The database of one service, and who we are there. */
public record PostgresConfig(String host, int port, String database, String user, Secret password, int poolSize) {
    private static final String EXAMPLE = "postgresql://127.0.0.1:5432/orders";
    // With "_outbox_new" behind it, it is still a slot's name.
    private static final Pattern NAMES_A_SLOT = Pattern.compile("[a-z0-9_]{1,52}");
    private static final int DEFAULT_PORT = 5432;
    private static final int CONNECT_SECONDS = 5;
    private static final int WAIT_FOR_CONNECTION_SECONDS = 10;
    // A consumer needs one at a time; another for what runs beside it.
    private static final int BACKGROUND_CONNECTIONS = 2;
    private static final int MOST_WAITING = 10_000;
    // A client that is frozen or cut off would keep what its transaction has locked until TCP gives it up, hours later.
    // A request that waits for that is let in before it gives up itself. Consumers set shorter limits in their
    // transactions.
    private static final String LONGEST_IDLE_IN_TRANSACTION = "30s";
    private static final String LONGEST_WAIT_FOR_LOCK = "45s";

    static PostgresConfig read(Env env) {
        String uri = env.required("POSTGRES_URI", "the service's own database, e.g. " + EXAMPLE);
        String user = env.required("POSTGRES_USER", "who owns the tables in that database");
        Secret password = env.requiredSecret("POSTGRES_PASSWORD", "the password of POSTGRES_USER");
        int poolSize = env.integer("POSTGRES_POOL_SIZE", 8);
        env.check(poolSize > 0, "POSTGRES_POOL_SIZE must be at least 1, but was " + poolSize);
        if (uri.isEmpty()) {
            return new PostgresConfig("", DEFAULT_PORT, "", user, password, poolSize);
        }
        return parse(env, uri, user, password, poolSize);
    }

    // A URI at fault is not repeated in the problem: it may hold a password.
    private static PostgresConfig parse(Env env, String text, String user, Secret password, int poolSize) {
        URI uri;
        try {
            uri = new URI(text);
        } catch (URISyntaxException e) {
            uri = URI.create("");
        }
        String scheme = uri.getScheme();
        String host = uri.getHost() == null ? "" : uri.getHost().replaceAll("[\\[\\]]", "");
        String database = uri.getPath() == null ? "" : uri.getPath().replaceFirst("^/", "");
        boolean complete = ("postgresql".equals(scheme) || "postgres".equals(scheme))
                && !host.isEmpty()
                && !database.isEmpty()
                && !database.contains("/");
        env.check(complete, "POSTGRES_URI must name one host and one database, e.g. " + EXAMPLE);
        env.check(
                !complete || NAMES_A_SLOT.matcher(database).matches(),
                "POSTGRES_URI must name a database of up to 52 lower-case letters, digits and underscores, for its"
                        + " replication slot is called after it, but was \"" + database + "\"");
        env.check(
                uri.getUserInfo() == null,
                "POSTGRES_URI must not hold a user or password: POSTGRES_USER and POSTGRES_PASSWORD are for that");
        env.check(
                uri.getQuery() == null && uri.getFragment() == null,
                "POSTGRES_URI must end with the database: parameters after it are not supported");
        int port = uri.getPort() == -1 ? DEFAULT_PORT : uri.getPort();
        return new PostgresConfig(host, port, database, user, password, poolSize);
    }

    /** For one's own pool or listener. Statements are prepared once a connection. */
    public PgConnectOptions connectOptions() {
        PgConnectOptions options = new PgConnectOptions()
                .setHost(host)
                .setPort(port)
                .setDatabase(database)
                .setUser(user)
                .setPassword(password.value());
        options.setCachePreparedStatements(true);
        options.addProperty("idle_in_transaction_session_timeout", LONGEST_IDLE_IN_TRANSACTION);
        options.addProperty("lock_timeout", LONGEST_WAIT_FOR_LOCK);
        return options;
    }

    /** Opens a connection each time it is asked for one: for migrations, which wait for locks as long as it takes, not for requests. */
    public DataSource dataSource() {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setServerNames(new String[] {host});
        source.setPortNumbers(new int[] {port});
        source.setDatabaseName(database);
        source.setUser(user);
        source.setPassword(password.value());
        source.setConnectTimeout(CONNECT_SECONDS);
        source.setLoginTimeout(CONNECT_SECONDS);
        return source;
    }

    /** A pool of the configured size. The name is shown in metrics and in {@code pg_stat_activity}. The caller closes it. */
    public Pool pool(Vertx vertx, String name) {
        return pool(vertx, name, poolSize);
    }

    /**
     * A pool for consumers and what else works in the background. Its connections are its own, so that requests that all wait for the same
     * locked row cannot keep messages from being handled. The caller closes it.
     */
    public Pool backgroundPool(Vertx vertx, String name) {
        return pool(vertx, name, BACKGROUND_CONNECTIONS);
    }

    Pool pool(Vertx vertx, String name, int size) {
        PgConnectOptions options = connectOptions();
        options.addProperty("application_name", name);
        options.setMetricsName(name);
        return PgBuilder.pool()
                .connectingTo(options)
                .with(new PoolOptions()
                        .setName(name)
                        .setMaxSize(size)
                        .setMaxWaitQueueSize(MOST_WAITING)
                        .setConnectionTimeout(WAIT_FOR_CONNECTION_SECONDS)
                        .setConnectionTimeoutUnit(TimeUnit.SECONDS))
                .using(vertx)
                .build();
    }

    String address() {
        return host + ":" + port + "/" + database;
    }
}
