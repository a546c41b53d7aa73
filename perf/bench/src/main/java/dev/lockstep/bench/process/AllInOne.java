package dev.lockstep.bench.process;

import dev.lockstep.bench.BenchException;
import dev.lockstep.bench.Lab;
import dev.lockstep.local.LocalApp;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;

/** The whole system as {@code ./up} starts it, with the same JVM options, on a folder and on ports of its own. */
public final class AllInOne implements AutoCloseable {
    private static final Duration START_LIMIT = Duration.ofMinutes(4);
    // Those of ./up.
    private static final List<String> OPTIONS = List.of("-Xms512m", "-Xmx1536m", "-XX:+UseParallelGC");
    private static final List<String> PORTS = List.of(
            "POSTGRES_PORT",
            "KAFKA_PORT",
            "ORDER_HTTP_PORT",
            "INVENTORY_HTTP_PORT",
            "PAYMENT_HTTP_PORT",
            "SAGA_HTTP_PORT");

    private final ChildProcess process;
    private final Properties endpoints;
    private final long postgres;
    private final double startSeconds;

    private AllInOne(ChildProcess process, Properties endpoints, long postgres, double startSeconds) {
        this.process = process;
        this.endpoints = endpoints;
        this.postgres = postgres;
        this.startSeconds = startSeconds;
    }

    /** Starts the system on the folder and returns once all services are ready. It keeps the data of an earlier start on the folder. */
    public static AllInOne start(Lab lab, Path data) {
        Map<String, String> environment = new HashMap<>();
        environment.put("LOCKSTEP_DATA", data.toString());
        // One address sends all requests.
        environment.put("HTTP_MAX_CONNECTIONS_PER_ADDRESS", "256");
        environment.put("HTTP_MAX_CONNECTIONS", "512");
        PORTS.forEach(port -> environment.put(port, "0"));
        Path found = data.resolve("endpoints.properties");
        long begun = System.nanoTime();
        ChildProcess process = lab.resources()
                .add(ChildProcess.start(
                        "system",
                        JavaProgram.command(OPTIONS, LocalApp.class.getName(), List.of()),
                        environment,
                        lab.log("system")));
        process.await("to be ready", START_LIMIT, () -> Files.exists(found));
        double seconds = (System.nanoTime() - begun) / 1e9;
        return new AllInOne(process, read(found), postmaster(data), seconds);
    }

    /** From the start of the JVM until all services were ready. */
    public double startSeconds() {
        return startSeconds;
    }

    /** The JVM with the services, their relays and Kafka. */
    public long pid() {
        return process.pid();
    }

    /** The parent of all processes of Postgres. */
    public long postgresPid() {
        return postgres;
    }

    public String bootstrapServers() {
        return endpoint("kafka.bootstrap.servers");
    }

    /** @param service {@code order}, {@code inventory}, {@code payment} or {@code saga} */
    public URI uri(String service, String path) {
        return URI.create(endpoint(service + ".http").replace("localhost", "127.0.0.1"))
                .resolve(path);
    }

    /** The first column of the first row as a number. */
    public double number(String database, String sql) {
        String url = "jdbc:postgresql://%s:%s/%s?user=%s&password=%s"
                .formatted(
                        endpoint("postgres.host"),
                        endpoint("postgres.port"),
                        database,
                        endpoint("postgres.user"),
                        endpoint("postgres.password"));
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getDouble(1);
        } catch (SQLException cause) {
            throw new BenchException(sql + " failed: " + cause.getMessage(), cause);
        }
    }

    /** @throws BenchException unless commits are durable */
    public List<String> durableSettings() {
        double durable = number(
                "orders",
                "SELECT count(*) FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes')"
                        + " AND setting = 'on'");
        if (durable != 3) {
            throw new BenchException("fsync, synchronous_commit and full_page_writes of Postgres must be on");
        }
        return List.of("fsync = on", "full_page_writes = on", "synchronous_commit = on");
    }

    public void requireAlive() {
        process.requireAlive();
    }

    @Override
    public void close() {
        process.close();
    }

    private String endpoint(String name) {
        return Objects.requireNonNull(endpoints.getProperty(name), name);
    }

    private static Properties read(Path file) {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
        return properties;
    }

    private static long postmaster(Path data) {
        Path file = data.resolve("postgres").resolve("data").resolve("postmaster.pid");
        try {
            return Long.parseLong(Files.readAllLines(file).getFirst().strip());
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }
}
