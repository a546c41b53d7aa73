package dev.lockstep.testing;

import dev.lockstep.embedded.DisposableServers;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.kafka.KafkaContainer;
import org.testcontainers.postgresql.PostgreSQLContainer;
import org.testcontainers.utility.DockerImageName;

/** Servers in containers, with the settings of the embedded ones. Testcontainers removes them when this JVM ends. */
final class ContainerServers implements ServerProvider {
    static final String POSTGRES_IMAGE = "postgres:18.6";
    static final String KAFKA_IMAGE = "apache/kafka:4.3.1";

    private final String superuserPassword = UUID.randomUUID().toString();

    @Override
    public PostgresServer startPostgres() {
        PostgreSQLContainer container = new PostgreSQLContainer(DockerImageName.parse(POSTGRES_IMAGE))
                .withUsername(DisposableServers.SUPERUSER)
                .withPassword(superuserPassword)
                .withDatabaseName("postgres");
        container.withEnv("POSTGRES_INITDB_ARGS", String.join(" ", DisposableServers.initArguments()));
        container.setCommand(postgresCommand(DisposableServers.postgresSettings()));
        start(container);
        ContainerPostgres server = new ContainerPostgres(
                container, container.getHost(), container.getMappedPort(PostgreSQLContainer.POSTGRESQL_PORT));
        DisposableServers.createRoles(server.address(), superuserPassword);
        return server;
    }

    @Override
    public KafkaServer startKafka() {
        KafkaContainer container = new KafkaContainer(DockerImageName.parse(KAFKA_IMAGE));
        DisposableServers.kafkaSettings().forEach((name, value) -> container.withEnv(environmentName(name), value));
        start(container);
        return new ContainerKafka(container);
    }

    // A container does not outlive the JVM, also where the reaper of Testcontainers is disabled.
    private static void start(GenericContainer<?> container) {
        Runtime.getRuntime().addShutdownHook(new Thread(container::stop, "stop-" + container.getDockerImageName()));
        container.start();
    }

    private static String[] postgresCommand(Map<String, String> settings) {
        return Stream.concat(
                        Stream.of("postgres"),
                        settings.entrySet().stream()
                                .flatMap(setting -> Stream.of("-c", setting.getKey() + "=" + setting.getValue())))
                .toArray(String[]::new);
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
