package dev.lockstep.faults;

import dev.lockstep.embedded.FreePorts;
import dev.lockstep.embedded.LocalPostgres;
import dev.lockstep.embedded.TcpProxy;
import dev.lockstep.faults.agent.CrashAgent;
import dev.lockstep.faults.agent.KafkaMain;
import dev.lockstep.faults.agent.Protection;
import dev.lockstep.faults.agent.ServiceMain;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import net.bytebuddy.agent.ByteBuddyAgent;
import org.jspecify.annotations.Nullable;

/**
 * Lockstep as it runs in production, on one machine: one process for each service and for Kafka, one Postgres, and a network between each
 * pair of them that can be broken.
 *
 * <pre>
 * service ──▶ {@link TcpProxy} ──▶ Postgres
 *    ╰──────▶ {@link TcpProxy} ──▶ Kafka
 * </pre>
 */
final class Stack implements AutoCloseable {
    private static final String JDBC_TIMEOUTS = "&connectTimeout=30&loginTimeout=30&socketTimeout=60";
    private static final Duration START_LIMIT = Duration.ofMinutes(4);
    // The timeouts and deadlines of production, shortened so that a case does not take minutes.
    private static final Map<String, String> SETTINGS = Map.ofEntries(
            Map.entry("KAFKA_CONSUMER_SESSION_TIMEOUT_MS", "6000"),
            Map.entry("KAFKA_CONSUMER_HEARTBEAT_INTERVAL_MS", "2000"),
            // Producers refresh their metadata at this interval; with the default, added partitions would stay empty
            // for minutes.
            Map.entry("KAFKA_PRODUCER_METADATA_MAX_AGE_MS", "2000"),
            Map.entry("SAGA_STOCK_DEADLINE", "PT15S"),
            Map.entry("SAGA_PAYMENT_DEADLINE", "PT15S"),
            Map.entry("SAGA_CONFIRM_RETRY", "PT5S"),
            Map.entry("SAGA_COMPENSATION_RETRY", "PT5S"),
            Map.entry("CONSUMER_RETRY_BACKOFF_MAX", "PT2S"));

    private final Path folder;
    private final Machine machine;
    private final Set<Protection> disabledProtections;
    private final AotCache aotCache;
    private final Map<Service, SupervisedProcess> services = new EnumMap<>(Service.class);
    private final Map<Service, Integer> ports = new EnumMap<>(Service.class);
    private final Map<Service, TcpProxy> postgresProxies = new EnumMap<>(Service.class);
    private final Map<Service, TcpProxy> kafkaProxies = new EnumMap<>(Service.class);
    private final List<ServiceInstance> additionalInstances = new ArrayList<>();
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();
    private final int kafkaPort = FreePorts.any();
    private @Nullable LocalPostgres postgres;
    private @Nullable SupervisedProcess kafka;
    private @Nullable TcpProxy spareKafkaProxy;
    private boolean closed;

    /**
     * Creates a stack without starting it.
     *
     * @param folder for data and logs; not deleted by {@link #close()}
     */
    Stack(Path folder, Machine machine, Set<Protection> disabledProtections, AotCache aotCache) {
        this.folder = folder;
        this.machine = machine;
        this.disabledProtections = disabledProtections;
        this.aotCache = aotCache;
    }

    /**
     * Starts everything on empty data and returns once all services are ready.
     *
     * @throws FaultsException if the services are not ready within 4 minutes, or the stack was closed meanwhile
     */
    void start() {
        startServers();
        // A JVM with an agent cannot use an AOT cache.
        if (disabledProtections.isEmpty() && !aotCache.exists()) {
            aotCache.create(this::startForAotCache);
        }
        startServices();
        awaitReady();
        if (disabledProtections.contains(Protection.REPEATS)) {
            disableDeduplication();
        }
    }

    LocalPostgres postgres() {
        return Objects.requireNonNull(postgres);
    }

    SupervisedProcess kafka() {
        return Objects.requireNonNull(kafka);
    }

    SupervisedProcess service(Service service) {
        return Objects.requireNonNull(services.get(service));
    }

    /** The network between a service and Postgres. */
    TcpProxy postgresProxy(Service service) {
        return Objects.requireNonNull(postgresProxies.get(service));
    }

    /** The network between a service and Kafka. */
    TcpProxy kafkaProxy(Service service) {
        return Objects.requireNonNull(kafkaProxies.get(service));
    }

    /** All networks. */
    List<TcpProxy> proxies() {
        return Stream.of(
                        postgresProxies.values().stream(),
                        kafkaProxies.values().stream(),
                        Stream.ofNullable(spareKafkaProxy))
                .flatMap(each -> each)
                .toList();
    }

    /** The direct address of Kafka, unaffected by network faults. */
    String bootstrapServers() {
        return "127.0.0.1:" + kafkaPort;
    }

    /** The direct URL of a service's database, unaffected by network faults. */
    String jdbcUrl(Service service) {
        return postgres().jdbcUrl(service.database()) + JDBC_TIMEOUTS;
    }

    /** Like {@link #jdbcUrl}, as the superuser, for changes to the server that an operator may make and a service may not. */
    String superuserUrl(Service service) {
        return postgres().superuserUrl(service.database()) + JDBC_TIMEOUTS;
    }

    URI uri(Service service, String path) {
        return URI.create("http://127.0.0.1:" + ports.get(service) + path);
    }

    Path folder() {
        return folder;
    }

    /** The jar of the agent that makes a service crash; see {@link CrashAgent}. */
    Path crashAgent() {
        return folder.resolve("crash-agent.jar");
    }

    /** The disk on which Postgres keeps its data. */
    Path disk() {
        return machine.disk();
    }

    Set<Protection> disabledProtections() {
        return disabledProtections;
    }

    /** The permanent instance of a service. */
    ServiceInstance first(Service service) {
        return new ServiceInstance(
                service(service), Objects.requireNonNull(ports.get(service)), kafkaProxy(service), http);
    }

    boolean isReady(Service service) {
        return first(service).isReady();
    }

    /**
     * Waits until all services report that they are ready.
     *
     * @throws FaultsException after 4 minutes
     */
    void awaitReady() {
        Waiting.until(
                "all services to be ready",
                START_LIMIT,
                () -> ports.keySet().stream().allMatch(this::isReady));
    }

    /** Kills all Postgres processes at once with {@code kill -9}. */
    void killPostgres() {
        ProcessHandle postmaster = ProcessHandle.of(postgres().pid())
                .orElseThrow(() -> new FaultsException("cannot kill Postgres: the process does not exist"));
        List<ProcessHandle> all =
                Stream.concat(Stream.of(postmaster), postmaster.descendants()).toList();
        all.forEach(ProcessHandle::destroyForcibly);
        postmaster.onExit().join();
    }

    /** Starts a second instance of a service and waits until it is ready. The caller closes it before starting another one. */
    ServiceInstance startSecondInstance(Service service) {
        ServiceInstance instance = launchInstance(service);
        Waiting.until("a second instance of " + service.label() + " to be ready", START_LIMIT, instance::isReady);
        return instance;
    }

    /** Ends all network faults. */
    void heal() {
        proxies().forEach(TcpProxy::heal);
    }

    /** Kills all processes without a graceful stop. Closing again does nothing. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        additionalInstances.forEach(ServiceInstance::close);
        services.values().forEach(SupervisedProcess::close);
        if (kafka != null) {
            kafka.close();
        }
        proxies().forEach(TcpProxy::close);
        http.close();
        if (postgres != null) {
            postgres.close();
        }
    }

    private synchronized void startServers() {
        checkNotClosed();
        try {
            Files.createDirectories(folder.resolve("logs"));
            writeCrashAgent();
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
        LocalPostgres server = LocalPostgres.start(machine.disk().resolve("postgres"), 0);
        postgres = server;
        List<String> listeners = new ArrayList<>();
        for (Service service : Service.values()) {
            server.createDatabase(service.database());
            postgresProxies.put(service, TcpProxy.to("127.0.0.1", server.port()));
            kafkaProxies.put(service, listener(service.name(), listeners));
        }
        spareKafkaProxy = listener("SPARE", listeners);
        kafka = startKafka(listeners);
    }

    // The jar only names the class, which is on the class path of every service.
    private void writeCrashAgent() throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().putValue("Agent-Class", CrashAgent.class.getName());
        manifest.getMainAttributes().putValue("Can-Retransform-Classes", "true");
        new JarOutputStream(Files.newOutputStream(crashAgent()), manifest).close();
    }

    private synchronized ServiceInstance startForAotCache(List<String> aotOptions) {
        checkNotClosed();
        int port = FreePorts.any();
        TcpProxy network = kafkaProxy(Service.ORDER);
        SupervisedProcess process = process(Service.ORDER, "aot-cache", port, network, Map.of(), aotOptions);
        ServiceInstance instance = new ServiceInstance(process, port, network, http);
        additionalInstances.add(instance);
        process.start();
        return instance;
    }

    private synchronized void startServices() {
        checkNotClosed();
        for (Service service : Service.values()) {
            int port = FreePorts.any();
            ports.put(service, port);
            SupervisedProcess process = process(
                    service, service.label(), port, kafkaProxy(service), machine.environment(), aotCache.jvmOptions());
            services.put(service, process);
            process.start();
        }
    }

    private synchronized ServiceInstance launchInstance(Service service) {
        checkNotClosed();
        int port = FreePorts.any();
        TcpProxy network = Objects.requireNonNull(spareKafkaProxy);
        String name = service.label() + "-" + (additionalInstances.size() + 2);
        ServiceInstance instance = new ServiceInstance(
                process(service, name, port, network, Map.of(), aotCache.jvmOptions()), port, network, http);
        additionalInstances.add(instance);
        instance.process().start();
        return instance;
    }

    private void checkNotClosed() {
        if (closed) {
            throw new FaultsException("stopped");
        }
    }

    // Each listener has a proxy of its own and advertises the proxy's port, so clients that connect through the proxy
    // stay on it.
    private static TcpProxy listener(String name, List<String> listeners) {
        int port = FreePorts.any();
        TcpProxy proxy = TcpProxy.to("127.0.0.1", port);
        listeners.add(name + ":" + port + ":" + proxy.port());
        return proxy;
    }

    private SupervisedProcess startKafka(List<String> listeners) {
        List<String> command = new ArrayList<>(jvm("-Xmx384m", List.of()));
        command.addAll(
                List.of(KafkaMain.class.getName(), folder.resolve("kafka").toString(), String.valueOf(kafkaPort)));
        command.addAll(listeners);
        SupervisedProcess process = new SupervisedProcess("kafka", command, Map.of(), log("kafka"));
        process.start();
        return process;
    }

    private SupervisedProcess process(
            Service service,
            String name,
            int port,
            TcpProxy network,
            Map<String, String> moreEnvironment,
            List<String> aotOptions) {
        List<String> command = new ArrayList<>(jvm("-Xmx256m", aotOptions));
        command.addAll(List.of(ServiceMain.class.getName(), service.mainClass()));
        Map<String, String> environment = new HashMap<>(SETTINGS);
        environment.put(
                "POSTGRES_URI",
                "postgresql://127.0.0.1:" + postgresProxy(service).port() + "/" + service.database());
        environment.put("POSTGRES_USER", LocalPostgres.USER);
        environment.put("POSTGRES_PASSWORD", LocalPostgres.PASSWORD);
        environment.put("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:" + network.port());
        environment.put("HTTP_PORT", String.valueOf(port));
        if (!disabledProtections.isEmpty()) {
            // The agent adds a second to each start.
            environment.put("JDK_JAVA_OPTIONS", "-javaagent:" + jarOf(ByteBuddyAgent.class));
        }
        environment.put(
                ServiceMain.WITHOUT,
                disabledProtections.stream().map(Protection::label).collect(Collectors.joining(",")));
        environment.putAll(moreEnvironment);
        return new SupervisedProcess(name, command, environment, log(name));
    }

    // The suite starts a JVM every few seconds, and optimising compilation costs more CPU time than it saves on two
    // cores.
    private static List<String> jvm(String heap, List<String> more) {
        List<String> command = new ArrayList<>(List.of(
                Commands.java(),
                heap,
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+EnableDynamicAgentLoading"));
        command.addAll(more);
        command.addAll(List.of("-cp", classPath()));
        return command;
    }

    // The jar's manifest lists all other jars. It leaves out test dependencies and folders, because an AOT cache
    // accepts no folder on the class path.
    private static String classPath() {
        Path programs = jarOf(ServiceMain.class);
        return Files.isRegularFile(programs) ? programs.toString() : System.getProperty("java.class.path");
    }

    private Path log(String name) {
        return folder.resolve("logs").resolve(name + ".log");
    }

    private static Path jarOf(Class<?> type) {
        return Path.of(URI.create(
                type.getProtectionDomain().getCodeSource().getLocation().toString()));
    }

    // Without these keys there are no conflicts: every claim succeeds, and so does a second charge.
    private void disableDeduplication() {
        for (Service service : EnumSet.allOf(Service.class)) {
            Database.execute(jdbcUrl(service), "ALTER TABLE inbox DROP CONSTRAINT inbox_pkey");
        }
        Database.execute(jdbcUrl(Service.PAYMENT), "ALTER TABLE payment DROP CONSTRAINT payment_pkey");
    }
}
