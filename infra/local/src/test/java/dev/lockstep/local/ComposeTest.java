package dev.lockstep.local;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.lockstep.inventory.InventoryConfig;
import dev.lockstep.order.OrderConfig;
import dev.lockstep.payment.PaymentConfig;
import dev.lockstep.saga.SagaConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.yaml.snakeyaml.Yaml;

/** Checks the images and the Compose stack as far as this is possible without a container engine. {@code infra/compose/check} runs them. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class ComposeTest {
    private static final Path ROOT = FindJdkIT.repository();
    private static final Path FOLDER = ROOT.resolve("infra/compose");
    private static final Pattern VARIABLE = Pattern.compile("\\$\\{([A-Z0-9_]+)}");
    private static final Map<String, String> DEFAULTS = defaults();
    private static final Map<?, ?> SERVICES =
            map(new Yaml().<Map<?, ?>>load(compose()).get("services"));
    // Read by the start script of the images, not by the services.
    private static final String JAVA_OPTIONS = "LOCKSTEP_JAVA_OPTS";

    @Test
    void every_variable_has_a_default_in_env_and_every_default_is_used() {
        Set<String> used = VARIABLE.matcher(text(FOLDER.resolve("compose.yaml")))
                .results()
                .map(variable -> variable.group(1))
                .collect(Collectors.toCollection(TreeSet::new));

        assertThat(DEFAULTS.keySet()).isEqualTo(used);
    }

    @Test
    void the_default_ports_are_those_of_the_local_stack() {
        LocalConfig local = LocalConfig.from(List.of(), Map.of());
        Map<String, String> expected = new TreeMap<>(Map.of(
                LocalConfig.POSTGRES_PORT, "" + local.postgresPort(), LocalConfig.KAFKA_PORT, "" + local.kafkaPort()));
        local.httpPorts().forEach((service, port) -> expected.put(service.portSetting(), "" + port));

        assertThat(DEFAULTS).containsAllEntriesOf(expected);
    }

    @Test
    void our_images_have_the_version_of_the_project() {
        Matcher version = Pattern.compile("<artifactId>lockstep</artifactId>\\s*<version>(.*)</version>")
                .matcher(text(ROOT.resolve("pom.xml")));

        assertThat(version.find()).isTrue();
        assertThat(DEFAULTS).containsEntry("LOCKSTEP_VERSION", version.group(1));
    }

    @ParameterizedTest
    @MethodSource("names")
    void every_image_is_pinned(String name) {
        assertThat(string(service(name), "image")).matches("[a-z0-9./-]+:v?\\d+\\.\\d+(\\.\\d+)?(-SNAPSHOT)?");
    }

    @ParameterizedTest
    @MethodSource("names")
    void every_container_is_limited_and_has_no_privileges(String name) {
        Map<?, ?> service = service(name);

        assertThat(service.get("cap_drop")).isEqualTo(List.of("ALL"));
        assertThat(service.get("security_opt")).isEqualTo(List.of("no-new-privileges:true"));
        assertThat(service.get("pids_limit")).isInstanceOf(Integer.class);
        assertThat(string(service, "mem_limit")).matches("\\d+[mg]");
        assertThat(service.get("memswap_limit")).isEqualTo(service.get("mem_limit"));
        assertThat(map(map(service.get("logging")).get("options")).keySet()).isEqualTo(Set.of("max-size", "max-file"));
        assertThat(service.get("privileged")).isNull();
        assertThat(service.get("network_mode")).isNull();
    }

    @ParameterizedTest
    @MethodSource("names")
    void the_page_names_every_service_and_every_port_is_published_on_the_configured_address(String name) {
        assertThat(text(FOLDER.resolve("README.md"))).containsPattern("[` ]" + name + "[`\\s]");
        Object ports = service(name).get("ports");
        if (ports != null) {
            assertThat((List<?>) ports)
                    .allSatisfy(port -> assertThat(String.valueOf(port)).startsWith("127.0.0.1:"));
        }
    }

    @Test
    void the_page_begins_with_the_commands() {
        assertThat(text(FOLDER.resolve("README.md")))
                .matches("(?s)# [^\n]+\n\n```bash\n(?=[^`]*infra/images/build)(?=[^`]*docker compose up -d).*");
    }

    @ParameterizedTest
    @EnumSource
    void a_service_accepts_its_settings(Service service) {
        Function<Map<String, String>, Record> config = switch (service) {
            case ORDER -> OrderConfig::from;
            case INVENTORY -> InventoryConfig::from;
            case PAYMENT -> PaymentConfig::from;
            case SAGA -> SagaConfig::from;
        };

        assertThatCode(() -> config.apply(environment(container(service)))).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @EnumSource
    void every_setting_of_a_service_exists_in_the_code_and_in_the_documentation(Service service) {
        String sources = sources("infra/runtime") + sources(container(service));
        String pages = text(ROOT.resolve("docs/settings.md")) + text(ROOT.resolve(container(service) + "/README.md"));
        Set<String> settings = new TreeSet<>(environment(container(service)).keySet());
        assertThat(settings.remove(JAVA_OPTIONS)).isTrue();

        assertThat(settings).allSatisfy(setting -> {
            if (setting.startsWith("KAFKA_CONSUMER_")) {
                assertThat(ConsumerConfig.configNames())
                        .contains(setting.substring("KAFKA_CONSUMER_".length())
                                .toLowerCase(Locale.ROOT)
                                .replace('_', '.'));
            } else {
                assertThat(sources).contains("\"" + setting + "\"");
                assertThat(pages).contains("`" + setting + "`");
            }
        });
    }

    @ParameterizedTest
    @EnumSource
    void a_service_reaches_its_own_database_which_the_first_start_creates(Service service) {
        Map<String, String> environment = environment(container(service));

        assertThat(environment).containsEntry("POSTGRES_URI", "postgresql://postgres:5432/" + service.database());
        assertThat(environment.get("POSTGRES_PASSWORD"))
                .isEqualTo(environment("postgres").get(service.database().toUpperCase(Locale.ROOT) + "_PASSWORD"));
        assertThat(text(FOLDER.resolve("postgres/10-databases.sh")))
                .contains("service %s \"$%s_PASSWORD\""
                        .formatted(service.database(), service.database().toUpperCase(Locale.ROOT)));
    }

    @ParameterizedTest
    @EnumSource
    void the_gateway_publishes_a_service_on_its_own_port(Service service) {
        String address = container(service) + ":" + service.defaultPort();

        assertThat((List<?>) service("gateway").get("ports"))
                .asString()
                .contains("127.0.0.1:%1$d:%1$d".formatted(service.defaultPort()));
        assertThat(text(FOLDER.resolve("gateway.json")))
                .contains("{ \"name\": \"%s\", \"listen\": \"0.0.0.0:%d\", \"upstream\": \"%s\", \"enabled\": true }"
                        .formatted(service.id(), service.defaultPort(), address));
        assertThat(environment(container(service)).get("PEERS")).contains(service.id() + "=http://" + address);
        assertThat(text(ROOT.resolve("infra/images/build"))).contains(address);
    }

    @Test
    void postgres_is_durable_and_ready_for_replication_slots() {
        Map<?, ?> postgres = service("postgres");

        assertThat((List<?>) postgres.get("command"))
                .asString()
                .contains("wal_level=logical", "max_slot_wal_keep_size", "max_replication_slots", "max_wal_senders")
                .doesNotContain("fsync", "synchronous_commit", "full_page_writes");
        // Since version 18 the image refuses a volume at .../data.
        assertThat((List<?>) postgres.get("volumes")).asString().contains("postgres:/var/lib/postgresql,");
    }

    @Test
    void every_image_of_ours_that_the_stack_uses_is_built() {
        Set<String> ours = names().map(name -> string(service(name), "image"))
                .filter(image -> image.startsWith("lockstep/"))
                .map(image -> image.replaceAll("lockstep/|:.*", ""))
                .collect(Collectors.toSet());
        String build = text(ROOT.resolve("infra/images/build"));
        Matcher built = Pattern.compile("\nnames=\\((.*)\\)").matcher(build);

        assertThat(built.find()).isTrue();
        assertThat(new HashSet<>(Arrays.asList(built.group(1).split(" ", -1)))).isEqualTo(ours);
    }

    @Test
    void the_images_run_without_root_and_report_their_health() {
        String dockerfile = text(ROOT.resolve("infra/images/Dockerfile"));
        Map<String, String> stages = Arrays.stream(dockerfile.split("\nFROM ", -1))
                .skip(1)
                .collect(Collectors.toMap(stage -> stage.replaceFirst("(?s).* AS (\\S+)\n.*", "$1"), stage -> stage));

        assertThat(stages).containsKeys("service", "local", "audit", "kafka");
        assertThat(stages.get("service")).contains("USER 10001:10001", "HEALTHCHECK --interval", "ENTRYPOINT");
        assertThat(stages.get("local")).startsWith("all-in-one AS").contains("HEALTHCHECK --interval", "ENTRYPOINT");
        assertThat(stages.get("all-in-one")).contains("\nUSER 10001:10001\n");
        assertThat(stages.get("audit")).contains("USER 10001:10001", "HEALTHCHECK NONE", "ENTRYPOINT");
        assertThat(dockerfile.lines().filter(line -> line.startsWith("ARG ") && line.contains(":")))
                .containsExactly("ARG BASE=eclipse-temurin:25-jre", "ARG KAFKA=apache/kafka:" + kafkaVersion());
    }

    private static String kafkaVersion() {
        return Pattern.compile("<kafka.version>(.*)</kafka.version>")
                .matcher(text(ROOT.resolve("pom.xml")))
                .results()
                .map(version -> version.group(1))
                .findFirst()
                .orElseThrow();
    }

    private static Stream<String> names() {
        return SERVICES.keySet().stream().map(String::valueOf);
    }

    private static String container(Service service) {
        return service.id() + "-verticle";
    }

    private static Map<?, ?> service(String name) {
        return map(SERVICES.get(name));
    }

    private static Map<String, String> environment(String name) {
        Map<String, String> environment = new TreeMap<>();
        map(service(name).get("environment"))
                .forEach((key, value) ->
                        environment.put(String.valueOf(key), value == null ? "" : String.valueOf(value)));
        return environment;
    }

    private static Map<?, ?> map(@Nullable Object value) {
        return (Map<?, ?>) requireNonNull(value);
    }

    private static String string(Map<?, ?> values, String key) {
        return String.valueOf(requireNonNull(values.get(key), key));
    }

    private static String compose() {
        return VARIABLE.matcher(text(FOLDER.resolve("compose.yaml"))).replaceAll(ComposeTest::valueOf);
    }

    private static String valueOf(MatchResult variable) {
        return Matcher.quoteReplacement(requireNonNull(DEFAULTS.get(variable.group(1)), variable.group()));
    }

    private static Map<String, String> defaults() {
        return text(FOLDER.resolve(".env"))
                .lines()
                .filter(line -> !line.isBlank() && !line.startsWith("#"))
                .map(line -> line.split("=", 2))
                .collect(Collectors.toMap(line -> line[0], line -> line[1], (first, second) -> first, TreeMap::new));
    }

    private static String sources(String module) {
        try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src/main/java"))) {
            return files.filter(Files::isRegularFile).map(ComposeTest::text).collect(Collectors.joining());
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }
}
