package dev.lockstep.testing;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Container;
import dev.lockstep.embedded.DisposableServers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.Container.ExecResult;
import org.testcontainers.containers.ContainerFetchException;
import org.testcontainers.containers.ContainerLaunchException;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.kafka.KafkaContainer;
import org.testcontainers.postgresql.PostgreSQLContainer;
import org.testcontainers.utility.DockerImageName;

/**
 * Servers in containers, one of each kind, with the settings of the embedded ones. The containers are removed when this JVM exits, whether
 * or not the reaper of Testcontainers is enabled. The next JVM removes those of a JVM that was killed.
 */
final class ContainerServers implements ServerProvider {
    static final String POSTGRES_IMAGE = "postgres:18.6";
    static final String KAFKA_IMAGE = "apache/kafka:4.3.1";

    // The value is the folder of the JVM that started the container.
    private static final String LABEL = "dev.lockstep.tests";
    private static final Duration START_LIMIT = Duration.ofMinutes(3);

    private final String superuserPassword = UUID.randomUUID().toString();
    private final List<GenericContainer<?>> started = new CopyOnWriteArrayList<>();
    private final JvmFolder folder;

    /** @throws IllegalStateException if no container engine answers */
    ContainerServers() {
        DockerClient engine = engine();
        folder = JvmFolder.create("containers-", orphaned -> removeAll(engine, orphaned));
        Runtime.getRuntime().addShutdownHook(new Thread(this::remove, "remove-test-servers"));
    }

    @Override
    public Path folder() {
        return folder.path();
    }

    @Override
    public PostgresServer startPostgres() {
        PostgreSQLContainer container = new PostgreSQLContainer(DockerImageName.parse(POSTGRES_IMAGE))
                .withUsername(DisposableServers.SUPERUSER)
                .withPassword(superuserPassword)
                .withDatabaseName("postgres");
        container.withEnv("POSTGRES_INITDB_ARGS", initArguments());
        container.setCommand("postgres");
        start(container, POSTGRES_IMAGE);
        ContainerPostgres server = new ContainerPostgres(
                container, container.getHost(), container.getMappedPort(PostgreSQLContainer.POSTGRESQL_PORT));
        DisposableServers.createRoles(server.address(), superuserPassword);
        return server;
    }

    @Override
    public KafkaServer startKafka() {
        KafkaContainer container = new KafkaContainer(DockerImageName.parse(KAFKA_IMAGE));
        DisposableServers.kafkaSettings().forEach((name, value) -> container.withEnv(environmentName(name), value));
        // As for the JVMs of the tests, see argLine in the parent's pom.xml.
        container.withEnv("KAFKA_HEAP_OPTS", "-Xms128m -Xmx512m");
        container.withEnv("KAFKA_JVM_PERFORMANCE_OPTS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC");
        start(container, KAFKA_IMAGE);
        return new ContainerKafka(container);
    }

    private static DockerClient engine() {
        try {
            return DockerClientFactory.instance().client();
        } catch (IllegalStateException cause) {
            throw new IllegalStateException(
                    "Testcontainers finds no container engine: start one, or select the embedded servers with -D"
                            + SWITCH + "=embedded",
                    cause);
        }
    }

    private void start(GenericContainer<?> container, String image) {
        container.withLabel(LABEL, folder().toString()).withStartupTimeout(START_LIMIT);
        started.add(container);
        try {
            container.start();
        } catch (ContainerLaunchException | ContainerFetchException cause) {
            throw new IllegalStateException(
                    "cannot start a container of %s: %s; -D%s=embedded selects servers without containers"
                            .formatted(image, cause.getMessage(), SWITCH),
                    cause);
        }
    }

    private void remove() {
        started.forEach(GenericContainer::stop);
        folder.delete();
    }

    private static void removeAll(DockerClient engine, Path folder) {
        for (Container each : engine.listContainersCmd()
                .withShowAll(true)
                .withLabelFilter(Map.of(LABEL, folder.toString()))
                .exec()) {
            remove(engine, each.getId());
        }
    }

    private static void remove(DockerClient engine, String id) {
        try {
            engine.removeContainerCmd(id)
                    .withForce(true)
                    .withRemoveVolumes(true)
                    .exec();
        } catch (NotFoundException | ConflictException removed) {
            // The reaper of Testcontainers removes the same containers.
            return;
        }
    }

    // initdb writes the settings to postgresql.conf. On the command line they would override ALTER SYSTEM. The image
    // passes the text to a shell.
    private static String initArguments() {
        return Stream.concat(
                        DisposableServers.initArguments().stream(),
                        DisposableServers.postgresSettings().entrySet().stream()
                                .map(setting -> "--set='%s=%s'".formatted(setting.getKey(), setting.getValue())))
                .collect(Collectors.joining(" "));
    }

    // The image reads the broker setting a.b from the variable KAFKA_A_B.
    private static String environmentName(String setting) {
        return "KAFKA_" + setting.toUpperCase(Locale.ROOT).replace('.', '_');
    }

    private record ContainerPostgres(PostgreSQLContainer container, String host, int port) implements PostgresServer {
        private String address() {
            return "jdbc:postgresql://" + host + ":" + port + "/";
        }

        @Override
        public String superuserUrl(String database) {
            return address() + database + "?user=" + container.getUsername() + "&password=" + container.getPassword();
        }

        // The image has no kill command, but its shell has.
        @Override
        public void signal(String name, long pid) {
            try {
                ExecResult result = container.execInContainer("sh", "-c", "kill -" + name + " " + pid);
                if (result.getExitCode() != 0) {
                    throw new IllegalStateException(result.getStderr());
                }
            } catch (IOException cause) {
                throw new UncheckedIOException(cause);
            } catch (InterruptedException cause) {
                throw new IllegalStateException(cause);
            }
        }

        @Override
        public void close() {
            container.stop();
        }
    }

    private record ContainerKafka(KafkaContainer container) implements KafkaServer {
        @Override
        public String bootstrapServers() {
            return container.getBootstrapServers();
        }

        @Override
        public void close() {
            container.stop();
        }
    }
}
