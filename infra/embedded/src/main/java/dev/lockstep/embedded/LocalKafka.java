package dev.lockstep.embedded;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Exit;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.MetadataVersion;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A Kafka node, broker and controller in one, inside this JVM on 127.0.0.1. Its data is kept in one folder between runs. */
public final class LocalKafka implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(LocalKafka.class);
    private static final String HOST = "127.0.0.1";
    private static final int NODE = 1;
    private static final String CONTROLLER = "CONTROLLER";
    private static final int ATTEMPTS = 5;
    private static final AtomicInteger STARTING = new AtomicInteger();
    private static final AtomicBoolean FAILED = new AtomicBoolean();
    private static final AtomicBoolean ABANDONED = new AtomicBoolean();

    /** The settings that do not depend on the addresses and the folder of the node. */
    private static final Map<String, String> COMMON = Map.ofEntries(
            Map.entry("auto.create.topics.enable", "false"),
            Map.entry("num.partitions", "6"),
            // Replication settings for a single node.
            Map.entry("default.replication.factor", "1"),
            Map.entry("min.insync.replicas", "1"),
            Map.entry("offsets.topic.replication.factor", "1"),
            Map.entry("offsets.topic.num.partitions", "4"),
            Map.entry("transaction.state.log.replication.factor", "1"),
            Map.entry("transaction.state.log.min.isr", "1"),
            Map.entry("transaction.state.log.num.partitions", "4"),
            Map.entry("share.coordinator.state.topic.replication.factor", "1"),
            Map.entry("share.coordinator.state.topic.min.isr", "1"),
            Map.entry("share.coordinator.state.topic.num.partitions", "1"),
            // A node that was killed stays registered until its session ends, and cannot restart before that. The
            // timeout is not shorter, because on a busy machine the heartbeats of a healthy node can be late.
            Map.entry("broker.heartbeat.interval.ms", "1000"),
            Map.entry("broker.session.timeout.ms", "6000"),
            // A new consumer group has no other members to wait for.
            Map.entry("group.initial.rebalance.delay.ms", "0"),
            // Thread counts for two cores.
            Map.entry("num.network.threads", "2"),
            Map.entry("num.io.threads", "4"),
            Map.entry("background.threads", "2"),
            Map.entry("num.recovery.threads.per.data.dir", "2"),
            Map.entry("log.cleaner.dedupe.buffer.size", "8388608"),
            Map.entry("log.index.size.max.bytes", "1048576"),
            Map.entry("log.segment.bytes", "134217728"),
            // A load test that runs for hours must not fill the disk.
            Map.entry("log.retention.bytes", "1073741824"));

    private static final Map<String, String> DISPOSABLE = Map.of(
            "offsets.topic.num.partitions",
            "1",
            "transaction.state.log.num.partitions",
            "1",
            // The files of a deleted topic are deleted after a second instead of a minute.
            "log.segment.delete.delay.ms",
            "1000",
            // No periodic task writes to the folder, which is deleted while the node still runs.
            "replica.high.watermark.checkpoint.interval.ms",
            String.valueOf(Integer.MAX_VALUE),
            "log.flush.offset.checkpoint.interval.ms",
            String.valueOf(Integer.MAX_VALUE),
            "log.flush.start.offset.checkpoint.interval.ms",
            String.valueOf(Integer.MAX_VALUE));

    /**
     * An additional listener.
     *
     * @param name upper case, such as {@code PROXIED}
     * @param port the port that the node listens on
     * @param advertisedPort the port that the node advertises to clients of this listener
     */
    public record Listener(String name, int port, int advertisedPort) {}

    private final KafkaRaftServer server;
    private final int port;
    private boolean running = true;

    // By default Kafka would halt the JVM immediately and leave the Postgres server of this JVM running.
    static {
        Exit.setHaltProcedure((status, message) -> fail(message));
        Exit.setExitProcedure((status, message) -> fail(message));
    }

    private LocalKafka(KafkaRaftServer server, int port) {
        this.server = server;
        this.port = port;
    }

    /**
     * Starts the node and returns once it accepts requests. Uses the data in the folder, or creates new data if there is none.
     *
     * @param port the port to listen on, 0 for any free port
     */
    public static LocalKafka start(Path folder, int port) {
        return start(folder, port, List.of());
    }

    /**
     * Starts the node with additional listeners, so that some clients reach it by another route, such as a {@link TcpProxy}. A client keeps
     * using the address that is advertised on the listener it connected to. The ports of additional listeners are used as given.
     */
    public static LocalKafka start(Path folder, int port, List<Listener> more) {
        return start(folder, port, more, Map.of());
    }

    /** Starts a node on any free port whose data is deleted when this JVM ends. {@link #abandon} it instead of closing it. */
    public static LocalKafka startDisposable(Path folder) {
        return start(folder, 0, List.of(), DISPOSABLE);
    }

    /** The settings of {@link #startDisposable} that do not depend on addresses and folders. */
    static Map<String, String> disposableSettings() {
        Map<String, String> settings = new HashMap<>(COMMON);
        settings.putAll(DISPOSABLE);
        return settings;
    }

    /** Starts the node with broker settings that override those of this class. */
    public static LocalKafka start(Path folder, int port, List<Listener> more, Map<String, String> overrides) {
        return start(folder, port, more, overrides, FreePorts::any);
    }

    static LocalKafka start(
            Path folder, int port, List<Listener> more, Map<String, String> overrides, IntSupplier freePorts) {
        Path absolute = folder.toAbsolutePath().normalize();
        if (port != 0 && !FreePorts.isFree(port)) {
            throw new IllegalStateException("Kafka cannot start on " + HOST + ":" + port + ": Address already in use");
        }
        for (int attempt = 1; ; attempt++) {
            int clientPort = port == 0 ? freePorts.getAsInt() : port;
            int controllerPort = freePorts.getAsInt();
            try {
                return startOnce(absolute, clientPort, controllerPort, more, overrides);
            } catch (RuntimeException cause) {
                // Another process took a port that was free a moment ago. Kafka only logs this cause, so the ports are
                // checked again.
                boolean lost = !FreePorts.isFree(controllerPort) || (port == 0 && !FreePorts.isFree(clientPort));
                if (attempt == ATTEMPTS || !lost) {
                    throw new IllegalStateException(
                            "Kafka did not start on the data in " + absolute + ": " + cause.getMessage(), cause);
                }
            }
        }
    }

    /** Whether a node of this JVM hit a fatal error, such as a full disk. The JVM is then about to exit. */
    public static boolean hasFailed() {
        return FAILED.get();
    }

    public String bootstrapServers() {
        return HOST + ":" + port;
    }

    public int port() {
        return port;
    }

    /** Stops the node cleanly. A second call does nothing. */
    @Override
    public synchronized void close() {
        if (!running) {
            return;
        }
        running = false;
        server.shutdown();
        server.awaitShutdown();
    }

    /**
     * Lets the node run until this JVM ends. The caller may delete its folder. {@link #close} syncs several files of every partition to
     * the disk, which takes longer than a JVM may take to exit once tests have created hundreds of topics.
     */
    public synchronized void abandon() {
        running = false;
        ABANDONED.set(true);
    }

    private static LocalKafka startOnce(
            Path folder, int port, int controllerPort, List<Listener> more, Map<String, String> overrides) {
        Map<String, String> settings = settings(folder, port, controllerPort, more);
        format(folder);
        Properties properties = new Properties();
        properties.putAll(settings);
        properties.putAll(overrides);
        KafkaRaftServer server = new KafkaRaftServer(KafkaConfig.fromProps(properties, false), Time.SYSTEM);
        STARTING.incrementAndGet();
        try {
            server.startup();
        } catch (RuntimeException cause) {
            server.shutdown();
            throw cause;
        } finally {
            STARTING.decrementAndGet();
        }
        LOGGER.atInfo().addKeyValue("port", port).addKeyValue("folder", folder).log("Kafka started");
        return new LocalKafka(server, port);
    }

    private static void format(Path folder) {
        if (Files.exists(folder.resolve("meta.properties"))) {
            return;
        }
        try {
            PrivateFiles.createFolder(folder);
            new Formatter()
                    .setPrintStream(new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8))
                    .setClusterId(Uuid.randomUuid().toString())
                    .setNodeId(NODE)
                    .addDirectory(folder.toString())
                    .setMetadataLogDirectory(folder.toString())
                    .setControllerListenerName(CONTROLLER)
                    .setReleaseVersion(MetadataVersion.latestProduction())
                    .setIgnoreFormatted(true)
                    .run();
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        } catch (Exception cause) {
            throw new IllegalStateException("cannot prepare " + folder + " for Kafka: " + cause.getMessage(), cause);
        }
    }

    // While a node starts, the caller of start receives the failure. After that no caller is left, so the JVM exits as
    // it does after a signal.
    private static void fail(@Nullable String message) {
        if (STARTING.get() == 0 && !ABANDONED.get() && !FAILED.getAndSet(true)) {
            LOGGER.atError().log("Kafka has failed; this process exits");
            Thread.ofPlatform().name("kafka-failed").start(() -> System.exit(1));
        }
        throw new IllegalStateException("Kafka has failed" + (message == null ? "" : ": " + message));
    }

    private static Map<String, String> settings(Path folder, int port, int controllerPort, List<Listener> more) {
        List<Listener> clients = new ArrayList<>(List.of(new Listener("CLIENT", port, port)));
        clients.addAll(more);
        Map<String, String> settings = new HashMap<>(COMMON);
        settings.putAll(Map.ofEntries(
                Map.entry("process.roles", "broker,controller"),
                Map.entry("node.id", String.valueOf(NODE)),
                Map.entry(
                        "listeners",
                        addresses(clients, Listener::port) + ",CONTROLLER://" + HOST + ":" + controllerPort),
                Map.entry("advertised.listeners", addresses(clients, Listener::advertisedPort)),
                Map.entry(
                        "listener.security.protocol.map",
                        clients.stream()
                                .map(client -> client.name() + ":PLAINTEXT,")
                                .collect(Collectors.joining("", "", "CONTROLLER:PLAINTEXT"))),
                Map.entry("inter.broker.listener.name", "CLIENT"),
                Map.entry("controller.listener.names", CONTROLLER),
                // Static voters are not stored in the data, so the controller can use another port at every start.
                Map.entry("controller.quorum.voters", NODE + "@" + HOST + ":" + controllerPort),
                Map.entry("log.dirs", folder.toString())));
        return settings;
    }

    private static String addresses(List<Listener> listeners, ToIntFunction<Listener> port) {
        return listeners.stream()
                .map(listener -> listener.name() + "://" + HOST + ":" + port.applyAsInt(listener))
                .collect(Collectors.joining(","));
    }
}
