package dev.lockstep.local;

import dev.lockstep.embedded.FolderLock;
import dev.lockstep.embedded.Folders;
import dev.lockstep.embedded.FreePorts;
import dev.lockstep.embedded.LocalKafka;
import dev.lockstep.embedded.LocalPostgres;
import dev.lockstep.launcher.RunningService;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Postgres, Kafka and the services. They are started in this order and stopped in reverse order.
 *
 * <pre>
 * lock ─▶ orphaned server, ports ─▶ Postgres ┬▶ services ─▶ ready ─▶ demo data
 *                                   Kafka ───┘
 * </pre>
 */
final class LocalStack implements AutoCloseable {
    // After a kill -9, the killed consumers keep their partitions until their sessions time out: 45 s by Kafka's
    // default.
    private static final Map<String, String> DEFAULTS =
            Map.of("KAFKA_CONSUMER_SESSION_TIMEOUT_MS", "6000", "KAFKA_CONSUMER_HEARTBEAT_INTERVAL_MS", "2000");
    private static final Duration MIN_POLL_PAUSE = Duration.ofMillis(50);
    private static final Duration MAX_POLL_PAUSE = Duration.ofSeconds(2);
    // A readiness poll takes CPU time from the start that it observes, so polls use at most a fifth of the time.
    private static final int POLL_PAUSE_FACTOR = 4;
    // A normal start completes within this time and prints no progress.
    private static final Duration PROGRESS_DELAY = Duration.ofSeconds(15);
    private static final Duration PROGRESS_INTERVAL = Duration.ofSeconds(5);
    private static final int FULL_PROGRESS_ROUNDS = 3;

    private final LocalConfig config;
    private final Console console;
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final StartProgress progress = new StartProgress(System::nanoTime);
    private final SortedMap<Service, RunningService> running = new TreeMap<>();
    private final Map<Service, Integer> httpPorts = new EnumMap<>(Service.class);
    private @Nullable FolderLock lock;
    private @Nullable LocalPostgres postgres;
    private @Nullable LocalKafka kafka;

    LocalStack(LocalConfig config, Console console) {
        this.config = config;
        this.console = console;
        // Chosen before any service starts, because each service receives the addresses of the others.
        config.httpPorts().forEach((service, port) -> httpPorts.put(service, port == 0 ? FreePorts.any() : port));
    }

    /**
     * Starts everything. Returns once all services are ready, or earlier if the stack is asked to stop.
     *
     * @throws RuntimeException if a part does not start; the parts that have started keep running until {@link #close()}
     */
    void start() {
        lock = FolderLock.tryLock(config.data()).orElseThrow(this::alreadyRunning);
        Endpoints.delete(config.data());
        LocalPostgres.grantTraversal(config.data());
        if (LocalPostgres.stopOrphaned(postgresFolder(config.data()))) {
            console.part("postgres", "was left running by an earlier run and has been stopped");
        }
        if (config.fresh()) {
            Folders.delete(postgresFolder(config.data()));
            Folders.delete(kafkaFolder(config.data()));
        }
        checkPorts();
        CountDownLatch over = new CountDownLatch(1);
        Thread.ofPlatform().daemon().name("local-progress").start(() -> reportProgress(over));
        try {
            Parallel.run(List.of(this::startPostgres, this::startKafka));
            // Services start one after the other: the first one loads the classes for all, and each one gets all
            // processors. Starting all at once takes as long on an idle machine, and on a busy machine all of them
            // would exceed their time limits.
            config.services().stream().sorted().forEach(this::startService);
        } finally {
            over.countDown();
        }
        if (!isStopping()) {
            writeEndpoints();
        }
    }

    // Prints changes at once and everything from time to time, so that a slow start is not mistaken for one that hangs.
    private void reportProgress(CountDownLatch over) {
        long begun = System.nanoTime();
        Map<String, String> reported = Map.of();
        try {
            if (over.await(PROGRESS_DELAY.toMillis(), TimeUnit.MILLISECONDS)) {
                return;
            }
            for (int round = 0; !isStopping(); round++) {
                Map<String, String> waiting = progress.waiting();
                for (Map.Entry<String, String> part : waiting.entrySet()) {
                    if (round % FULL_PROGRESS_ROUNDS == 0 || !part.getValue().equals(reported.get(part.getKey()))) {
                        console.part(
                                part.getKey(),
                                "waits for: " + part.getValue() + " (" + Console.seconds(begun) + " after the start)");
                    }
                }
                reported = waiting;
                if (over.await(PROGRESS_INTERVAL.toMillis(), TimeUnit.MILLISECONDS)) {
                    return;
                }
            }
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
        }
    }

    /** Asks a start in progress to end soon. */
    void stopStarting() {
        stopping.countDown();
    }

    /** Blocks until the stack is asked to stop. */
    void awaitStop() {
        try {
            stopping.await();
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
        }
    }

    /** Stops all running parts. A part that does not stop cleanly does not prevent the others from being stopped. */
    @Override
    public synchronized void close() {
        stopStarting();
        if (lock != null) {
            runStopStep("endpoints", () -> Endpoints.delete(config.data()));
        }
        runStopStep(
                "services",
                () -> Parallel.run(running.entrySet().stream()
                        .<Runnable>map(entry -> () -> stopPart(entry.getKey().id(), entry.getValue()))
                        .toList()));
        running.clear();
        runStopStep("kafka", () -> stopPart("kafka", kafka));
        runStopStep("postgres", () -> stopPart("postgres", postgres));
        if (lock != null) {
            lock.close();
        }
    }

    URI uri(Service service) {
        return URI.create("http://localhost:" + httpPort(service));
    }

    LocalPostgres postgres() {
        return Objects.requireNonNull(postgres);
    }

    LocalKafka kafka() {
        return Objects.requireNonNull(kafka);
    }

    boolean isStopping() {
        return stopping.getCount() == 0;
    }

    /** The settings that connect a service to this stack. */
    Map<String, String> connection(Service service) {
        Map<String, String> settings = new TreeMap<>();
        settings.put("POSTGRES_URI", postgres().uri(service.database()));
        settings.put("POSTGRES_USER", LocalPostgres.USER);
        settings.put("POSTGRES_PASSWORD", LocalPostgres.PASSWORD);
        settings.put("KAFKA_BOOTSTRAP_SERVERS", kafka().bootstrapServers());
        settings.put("HTTP_PORT", String.valueOf(httpPort(service)));
        settings.put("PEERS", peers());
        return settings;
    }

    // The same value for all services: each one ignores its own entry.
    private String peers() {
        return Arrays.stream(Service.values())
                .map(service -> service.id() + "=http://127.0.0.1:" + httpPort(service))
                .collect(Collectors.joining(","));
    }

    private int httpPort(Service service) {
        return Objects.requireNonNull(httpPorts.get(service));
    }

    private void writeEndpoints() {
        Map<String, URI> services = new TreeMap<>();
        config.services().forEach(service -> services.put(service.id() + ".http", uri(service)));
        new Endpoints(postgres().host(), postgres().port(), kafka().bootstrapServers()).write(config.data(), services);
    }

    private LocalException alreadyRunning() {
        String process = FolderLock.holder(config.data())
                .map(pid -> " (process " + pid + ")")
                .orElse("");
        return new LocalException("Lockstep already runs on " + config.data() + process
                + ": stop it with Ctrl-C, or use another data folder and other ports, see ./up --help");
    }

    private void checkPorts() {
        List<String> problems = new ArrayList<>();
        checkPort(problems, config.postgresPort(), "Postgres", LocalConfig.POSTGRES_PORT);
        checkPort(problems, config.kafkaPort(), "Kafka", LocalConfig.KAFKA_PORT);
        config.services().stream()
                .sorted()
                .forEach(service -> checkPort(
                        problems,
                        Objects.requireNonNull(config.httpPorts().get(service)),
                        "the " + service.id() + " service",
                        service.portSetting()));
        if (!problems.isEmpty()) {
            throw new LocalException(String.join(System.lineSeparator(), problems));
        }
    }

    private static void checkPort(List<String> problems, int port, String user, String setting) {
        if (port != 0 && !FreePorts.isFree(port)) {
            problems.add("port " + port + " for " + user + " is in use by another program: stop that program, or set "
                    + setting + " to another port");
        }
    }

    private void startPostgres() {
        long begun = System.nanoTime();
        progress.waitingFor("postgres", "the server to start");
        LocalPostgres started = LocalPostgres.start(postgresFolder(config.data()), config.postgresPort());
        postgres = started;
        progress.waitingFor("postgres", "its databases");
        Parallel.run(List.of(Service.values()).stream()
                .<Runnable>map(service -> () -> started.createDatabase(service.database()))
                .toList());
        ready("postgres", started.host() + ":" + started.port(), begun);
    }

    private void startKafka() {
        long begun = System.nanoTime();
        progress.waitingFor("kafka", "the broker to start");
        LocalKafka started = LocalKafka.start(kafkaFolder(config.data()), config.kafkaPort());
        kafka = started;
        ready("kafka", started.bootstrapServers(), begun);
    }

    private void startService(Service service) {
        if (isStopping()) {
            return;
        }
        long begun = System.nanoTime();
        Map<String, String> environment = new HashMap<>(DEFAULTS);
        environment.putAll(config.environment());
        environment.putAll(connection(service));
        progress.waitingFor(service.id(), "its settings, schema, replication slot and HTTP server");
        RunningService started = service.start(environment);
        synchronized (this) {
            running.put(service, started);
        }
        URI uri = uri(service);
        try (Http http = new Http()) {
            pollUntil(service, () -> isReady(service, http, uri));
            pollUntil(service, () -> hasDemoData(service, http, uri));
        }
        if (!isStopping()) {
            ready(service.id(), uri.toString(), begun);
        }
    }

    // Polls until the condition holds, the stack is asked to stop, or the start makes no progress.
    private void pollUntil(Service service, BooleanSupplier condition) {
        long asked = System.nanoTime();
        while (!condition.getAsBoolean() && !pauseAfter(Duration.ofNanos(System.nanoTime() - asked))) {
            progress.timeoutReason().ifPresent(why -> {
                throw new LocalException("the " + service.id() + " service is not ready: " + why);
            });
            asked = System.nanoTime();
        }
    }

    private boolean isReady(Service service, Http http, URI uri) {
        try {
            HttpResponse<String> answer = http.get(uri.resolve("/health/ready"));
            if (answer.statusCode() == 200) {
                return true;
            }
            progress.waitingFor(service.id(), ReadinessText.of(answer.body()));
        } catch (IOException cause) {
            progress.waitingFor(service.id(), "a response from " + uri + "/health/ready (" + cause.getMessage() + ")");
        }
        return false;
    }

    // Existing data is left unchanged, so this can be retried.
    private boolean hasDemoData(Service service, Http http, URI uri) {
        if (isStopping() || !config.issuer().isEmpty()) {
            return true;
        }
        progress.waitingFor(service.id(), "its demo data");
        try {
            new DemoData(http).putInto(service, uri);
            return true;
        } catch (IOException cause) {
            progress.waitingFor(service.id(), "its demo data (" + cause.getMessage() + ")");
            return false;
        }
    }

    // Returns true if the stack is asked to stop.
    private boolean pauseAfter(Duration question) {
        long millis = Math.clamp(
                question.toMillis() * POLL_PAUSE_FACTOR, MIN_POLL_PAUSE.toMillis(), MAX_POLL_PAUSE.toMillis());
        try {
            return stopping.await(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    private void ready(String name, String where, long begun) {
        progress.done(name);
        console.part(name, String.format("%-24s ready in %s", where, Console.seconds(begun)));
    }

    private void stopPart(String name, @Nullable AutoCloseable part) {
        if (part == null) {
            return;
        }
        long begun = System.nanoTime();
        try {
            part.close();
            console.part(name, "stopped in " + Console.seconds(begun));
        } catch (Exception cause) {
            console.part(name, "did not stop cleanly: " + cause.getMessage());
        }
    }

    private void runStopStep(String what, Runnable stop) {
        try {
            stop.run();
        } catch (RuntimeException cause) {
            console.part(what, "did not stop cleanly: " + cause.getMessage());
        }
    }

    static Path postgresFolder(Path data) {
        return data.resolve("postgres");
    }

    static Path kafkaFolder(Path data) {
        return data.resolve("kafka");
    }
}
