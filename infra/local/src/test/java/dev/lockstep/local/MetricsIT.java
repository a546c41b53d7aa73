package dev.lockstep.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.embedded.FreePorts;
import io.prometheus.jmx.JavaAgent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compares what the services and the broker export with the lists that alert rules and dashboards are checked against. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class MetricsIT {
    private static final Path MONITORING =
            Path.of("..", "..", "monitoring").toAbsolutePath().normalize();
    private static final Pattern SERIES = Pattern.compile("(\\w+)(?:\\{(.*)})? \\S+.*");
    private static final Pattern TYPE = Pattern.compile("# TYPE (\\w+) (\\w+)");
    private static final Pattern LABEL = Pattern.compile("(\\w+)=\"(?:[^\"\\\\]|\\\\.)*\"");

    @TempDir
    private static Path data;

    private static final int BROKER_METRICS_PORT = FreePorts.any();
    private static LockstepProcess lockstep;
    private static ApiClient api;

    @BeforeAll
    static void start() throws Exception {
        lockstep = LockstepProcess.start(data, Map.of(LockstepProcess.JVM_OPTIONS, "-javaagent:" + agent()));
        api = new ApiClient(lockstep);
    }

    @AfterAll
    static void stop() {
        api.close();
        lockstep.close();
    }

    @Test
    void the_services_export_the_listed_metrics_with_their_types_and_labels() throws Exception {
        assertThat(api.outcome(api.order("u123", "p1", 1))).isEqualTo("CONFIRMED");
        causeDeadLetter();
        causeHeldRow();

        assertExported(
                listed("services.txt"),
                Arrays.stream(Service.values())
                        .map(service -> lockstep.uri(service).resolve("/metrics"))
                        .toList());
    }

    @Test
    void the_broker_exports_the_listed_metrics_with_their_types_and_labels() throws Exception {
        URI broker = URI.create("http://127.0.0.1:" + BROKER_METRICS_PORT + "/metrics");

        assertExported(listed("kafka.txt"), List.of(broker));
    }

    private static void assertExported(List<ListedMetric> listed, List<URI> targets) {
        await().atMost(ApiClient.TIMEOUT).untilAsserted(() -> {
            List<String> lines =
                    targets.stream().flatMap(target -> get(target).lines()).toList();
            Map<String, Set<String>> labels = labels(lines);
            Map<String, String> types = types(lines);
            assertThat(listed).allSatisfy(metric -> {
                assertThat(labels).containsKey(metric.name());
                assertThat(labels.get(metric.name()))
                        .as("the labels of " + metric.name())
                        .containsAll(metric.labels())
                        .isSubsetOf(metric.allLabels());
                assertThat(types.getOrDefault(metric.name(), "counter"))
                        .as("the type of " + metric.name())
                        .isEqualTo(metric.type());
            });
        });
    }

    private static String agent() throws URISyntaxException {
        Path jar = Path.of(JavaAgent.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        return jar + "=127.0.0.1:" + BROKER_METRICS_PORT + ":" + MONITORING.resolve("kafka/jmx-exporter.yml");
    }

    private static void causeDeadLetter() throws ExecutionException, InterruptedException {
        ProducerRecord<String, String> invalid = new ProducerRecord<>("inventory.commands", "k", "no JSON");
        TopicClient.write(lockstep.bootstrapServers(), invalid);
    }

    // Kafka refuses the message of the next order, because it is too large for its topic.
    private static void causeHeldRow() throws ExecutionException, InterruptedException {
        ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, "order.created");
        AlterConfigOp tiny = new AlterConfigOp(new ConfigEntry("max.message.bytes", "100"), AlterConfigOp.OpType.SET);
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", lockstep.bootstrapServers()))) {
            admin.incrementalAlterConfigs(Map.of(topic, List.of(tiny))).all().get();
        }
        api.order("u123", "p1", 1);
    }

    /** The labels of the series of each exported metric. */
    private static Map<String, Set<String>> labels(List<String> lines) {
        Map<String, Set<String>> found = new TreeMap<>();
        lines.stream()
                .map(SERIES::matcher)
                .filter(Matcher::matches)
                .forEach(series -> found.computeIfAbsent(series.group(1), name -> new TreeSet<>())
                        .addAll(labels(series.group(2))));
        return found;
    }

    /** The type of each exported metric. The series of histograms and summaries, which are counters, have none of their own. */
    private static Map<String, String> types(List<String> lines) {
        return lines.stream()
                .map(TYPE::matcher)
                .filter(Matcher::matches)
                .collect(Collectors.toMap(type -> type.group(1), type -> type.group(2), (one, same) -> one));
    }

    private static Set<String> labels(@Nullable String text) {
        return text == null
                ? Set.of()
                : LABEL.matcher(text).results().map(label -> label.group(1)).collect(Collectors.toSet());
    }

    private static String get(URI target) {
        try (Http http = new Http()) {
            return http.get(target).body();
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }

    /** A line of a list, such as {@code lockstep_consumer_lag{group,service,topic} gauge}. Optional labels end with a question mark. */
    private record ListedMetric(String name, String type, Set<String> labels, Set<String> optionalLabels) {
        private static final Pattern LINE = Pattern.compile("(\\w+)(?:\\{(.*)})? (counter|gauge)");

        static ListedMetric parse(String line) {
            Matcher parts = LINE.matcher(line);
            assertThat(parts.matches()).as(line).isTrue();
            List<String> labels =
                    parts.group(2) == null ? List.of() : List.of(parts.group(2).split(","));
            return new ListedMetric(
                    parts.group(1),
                    parts.group(3),
                    labels.stream().filter(label -> !label.endsWith("?")).collect(Collectors.toSet()),
                    labels.stream()
                            .filter(label -> label.endsWith("?"))
                            .map(label -> label.replace("?", ""))
                            .collect(Collectors.toSet()));
        }

        Set<String> allLabels() {
            return Stream.concat(labels.stream(), optionalLabels.stream()).collect(Collectors.toSet());
        }
    }

    private static List<ListedMetric> listed(String file) throws IOException {
        return Files.readAllLines(MONITORING.resolve("metrics").resolve(file)).stream()
                .filter(line -> !line.isBlank() && !line.startsWith("#"))
                .map(ListedMetric::parse)
                .toList();
    }
}
