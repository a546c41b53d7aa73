package dev.lockstep.runtime;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.SqlConnectOptions;
import java.net.URI;
import java.net.URISyntaxException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * The database of one service and how to connect to it.
 *
 * @param login the role that owns the tables
 * @param maxLifetime maximum age of a pooled connection
 */
public record PostgresConfig(
        String host,
        int port,
        String database,
        PostgresLogin login,
        PostgresTls tls,
        int poolSize,
        Duration maxLifetime) {
    private static final String EXAMPLE = "postgresql://127.0.0.1:5432/orders";
    // Database name plus "_outbox_new" must still be a valid name of a replication slot.
    private static final Pattern DATABASE_NAME = Pattern.compile("[a-z0-9_]{1,52}");
    private static final int DEFAULT_PORT = 5432;
    private static final Duration MIN_LIFETIME = Duration.ofSeconds(1);
    private static final Duration MAX_LIFETIME = Duration.ofDays(1);
    private static final int CONNECT_SECONDS = 5;
    // Longer than the sessions' statement_timeout, so that only connections to an unresponsive server are cut.
    private static final Duration RESPONSE_TIMEOUT = Duration.ofMinutes(2);
    private static final int WAIT_FOR_CONNECTION_SECONDS = 10;
    // Longer than callers wait for a connection: on a busy machine, attempts that are abandoned every time would never
    // produce a connection.
    private static final Duration LONGEST_CONNECT = Duration.ofSeconds(30);
    // A consumer uses one connection at a time. The second one is for background work beside it.
    private static final int BACKGROUND_CONNECTIONS = 2;
    private static final int MAX_WAIT_QUEUE_SIZE = 10_000;
    private static final int READ_CONNECTIONS = 6;
    private static final String READ_STATEMENT_TIMEOUT = "5s";

    static PostgresConfig read(Env env) {
        String uri = env.required("POSTGRES_URI", "the service's own database, e.g. " + EXAMPLE);
        String user = env.required("POSTGRES_USER", "the role that owns the tables in that database");
        Secret password = env.requiredSecret("POSTGRES_PASSWORD", "the password of POSTGRES_USER");
        PostgresTls tls = PostgresTls.read(env);
        int poolSize = env.integer("POSTGRES_POOL_SIZE", 8);
        env.check(poolSize > 0, "POSTGRES_POOL_SIZE must be at least 1, but was " + poolSize);
        Duration maxLifetime = env.duration("POSTGRES_MAX_LIFETIME", Duration.ofMinutes(10));
        env.checkRange("POSTGRES_MAX_LIFETIME", maxLifetime, MIN_LIFETIME, MAX_LIFETIME);
        PostgresConfig withoutAddress =
                new PostgresConfig("", DEFAULT_PORT, "", new PostgresLogin(user, password), tls, poolSize, maxLifetime);
        return uri.isEmpty() ? withoutAddress : withoutAddress.withUri(env, uri);
    }

    // An invalid URI is not repeated in the problem, because it may contain a password.
    private PostgresConfig withUri(Env env, String text) {
        URI uri;
        try {
            uri = new URI(text);
        } catch (URISyntaxException e) {
            uri = URI.create("");
        }
        String scheme = uri.getScheme();
        UriHost address = UriHost.of(uri).orElse(new UriHost("", -1));
        String path = uri.getPath() == null ? "" : uri.getPath().replaceFirst("^/", "");
        boolean complete = ("postgresql".equals(scheme) || "postgres".equals(scheme))
                && !address.host().isEmpty()
                && !path.isEmpty()
                && !path.contains("/");
        env.check(complete, "POSTGRES_URI must name one host and one database, e.g. " + EXAMPLE);
        env.check(
                !complete || DATABASE_NAME.matcher(path).matches(),
                "POSTGRES_URI must name a database of up to 52 lower-case letters, digits and underscores, because"
                        + " its replication slot is named after it, but was \"" + path + "\"");
        env.check(
                !UriHost.hasUserInfo(uri),
                "POSTGRES_URI must not contain a user or password: use POSTGRES_USER and POSTGRES_PASSWORD");
        env.check(
                uri.getQuery() == null && uri.getFragment() == null,
                "POSTGRES_URI must end with the database name: parameters are not supported");
        int given = address.port() == -1 ? DEFAULT_PORT : address.port();
        return new PostgresConfig(address.host(), given, path, login, tls, poolSize, maxLifetime);
    }

    /** The role of the service. */
    public String user() {
        return login.user();
    }

    // Without the password and the files of TLS, which are read for each connection. Prepared statements are cached per
    // connection.
    private PgConnectOptions connectOptions() {
        PgConnectOptions options = new PgConnectOptions()
                .setHost(host)
                .setPort(port)
                .setDatabase(database)
                .setUser(login.user());
        options.setCachePreparedStatements(true);
        SessionSettings.forPool().forEach(options::addProperty);
        return options;
    }

    /**
     * A data source that opens a new connection for each request for one. Intended for migrations, whose statements wait for locks without
     * a limit, not for HTTP requests.
     */
    public DataSource dataSource() {
        PGSimpleDataSource source = new MigrationSource(login.password());
        source.setServerNames(new String[] {host});
        source.setPortNumbers(new int[] {port});
        source.setDatabaseName(database);
        source.setUser(login.user());
        source.setConnectTimeout(CONNECT_SECONDS);
        source.setLoginTimeout(CONNECT_SECONDS);
        source.setTcpKeepAlive(true);
        source.setOptions(SessionSettings.asOptions(SessionSettings.forMigrations()));
        tls.jdbcProperties().forEach((name, value) -> set(source, name, value));
        return source;
    }

    private static void set(PGSimpleDataSource source, String name, String value) {
        try {
            source.setProperty(name, value);
        } catch (SQLException unknown) {
            throw new IllegalStateException(unknown);
        }
    }

    /**
     * Reads the password for each connection. Sets the time zone after connecting: the driver always sends the time zone of the JVM, and
     * outbox partitions are UTC days.
     */
    private static final class MigrationSource extends PGSimpleDataSource {
        private static final long serialVersionUID = 1L;

        private final transient Secret current;

        MigrationSource(Secret current) {
            this.current = current;
        }

        @Override
        public Connection getConnection(@Nullable String user, @Nullable String password) throws SQLException {
            Connection connection = super.getConnection(user, current.current());
            try (Statement statement = connection.createStatement()) {
                statement.execute("SET TimeZone TO 'UTC'");
                return connection;
            } catch (SQLException | RuntimeException failure) {
                connection.close();
                throw failure;
            }
        }
    }

    /** A pool of the configured size. The name appears in metrics and in {@code pg_stat_activity}. The caller closes the pool. */
    public Pool pool(Vertx vertx, String name) {
        return pool(vertx, name, poolSize);
    }

    /**
     * A pool for consumers and other background work. It is separate from the request pool, so that requests that all wait for the same
     * locked row cannot block message handling. The caller closes the pool.
     */
    public Pool backgroundPool(Vertx vertx, String name) {
        return pool(vertx, name, BACKGROUND_CONNECTIONS);
    }

    /**
     * A small pool for HTTP requests that only read. It is separate, so that reads, however many, take no connections from requests and
     * messages that change data. Postgres cancels statements that take longer than five seconds. The caller closes the pool.
     */
    public Pool readPool(Vertx vertx, String name) {
        PgConnectOptions options = connectOptions();
        options.addProperty("statement_timeout", READ_STATEMENT_TIMEOUT);
        options.addProperty("default_transaction_read_only", "on");
        return pool(vertx, name, READ_CONNECTIONS, options, limits());
    }

    /** A pool of another size than the configured one. The caller closes the pool. */
    public Pool pool(Vertx vertx, String name, int size) {
        return pool(vertx, name, size, limits());
    }

    Pool pool(Vertx vertx, String name, int size, SessionPool.Limits limits) {
        return pool(vertx, name, size, connectOptions(), limits);
    }

    private SessionPool.Limits limits() {
        return new SessionPool.Limits(maxLifetime, RESPONSE_TIMEOUT, LONGEST_CONNECT);
    }

    private Pool pool(Vertx vertx, String name, int size, PgConnectOptions options, SessionPool.Limits limits) {
        options.addProperty("application_name", name);
        options.setMetricsName(name);
        return SessionPool.open(
                vertx,
                () -> complete(vertx, options),
                new PoolOptions()
                        .setName(name)
                        .setMaxSize(size)
                        .setMaxWaitQueueSize(MAX_WAIT_QUEUE_SIZE)
                        .setConnectionTimeout(WAIT_FOR_CONNECTION_SECONDS)
                        .setConnectionTimeoutUnit(TimeUnit.SECONDS),
                limits);
    }

    // A pool uses a password or certificate that was replaced while it is open.
    private Future<SqlConnectOptions> complete(Vertx vertx, PgConnectOptions options) {
        boolean readsFiles = tls.isEnabled() || login.password().file() != null;
        return readsFiles
                ? vertx.executeBlocking(() -> withCredentials(options), false).map(Objects::requireNonNull)
                : Future.succeededFuture(withCredentials(options));
    }

    private PgConnectOptions withCredentials(PgConnectOptions options) {
        PgConnectOptions complete =
                new PgConnectOptions(options).setPassword(login.password().current());
        tls.applyTo(complete);
        return complete;
    }

    /** The address in messages. */
    public String address() {
        return host + ":" + port + "/" + database;
    }
}
