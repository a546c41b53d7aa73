package dev.lockstep.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.messaging.MessagingSettings;
import dev.lockstep.messaging.delivery.ConsumerOptions;
import dev.lockstep.messaging.replication.SlotLimits;
import dev.lockstep.messaging.schedule.Backoff;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class ServiceConfigTest {
    private static final Map<String, String> REQUIRED = Map.of(
            "POSTGRES_URI", "postgresql://db.example:5433/orders",
            "POSTGRES_USER", "orders",
            "POSTGRES_PASSWORD", "hunter2",
            "KAFKA_BOOTSTRAP_SERVERS", "a:9092, b:9092");

    @Test
    void optional_settings_have_defaults() {
        assertThat(read(Map.of()))
                .isEqualTo(new ServiceConfig(
                        "order-service",
                        new HttpConfig("127.0.0.1", 8080),
                        new PostgresConfig(
                                "db.example",
                                5433,
                                "orders",
                                new PostgresLogin("orders", new Secret("hunter2")),
                                PostgresTls.DISABLED,
                                8,
                                Duration.ofMinutes(10)),
                        new KafkaConfig("a:9092, b:9092", Map.of()),
                        new MessagingConfig(
                                new MessagingConfig.Topics(true, 6, -1),
                                new MessagingSettings.Retention(
                                        Duration.ofDays(7), Duration.ofDays(7), Duration.ofDays(90)),
                                new MessagingConfig.Consumers(
                                        500,
                                        5,
                                        Duration.ofMillis(500),
                                        Duration.ofSeconds(30),
                                        Duration.ofSeconds(10),
                                        Duration.ofMinutes(10))),
                        new RelaySettings(
                                true,
                                Duration.ofMillis(500),
                                Duration.ofSeconds(15),
                                new SlotLimits(2L << 30, 16L << 30),
                                new PostgresLogin("orders", new Secret("hunter2"))),
                        new ProcessConfig(Duration.ofSeconds(20), new LogConfig("text", "info"), null)));
    }

    @Test
    void missing_settings_are_reported_together_with_other_problems() {
        assertThat(problems(Map.of("HTTP_PORT", "http")))
                .containsExactly(
                        "HTTP_PORT must be a whole number, but was \"http\"",
                        "POSTGRES_URI is required: the service's own database, e.g. postgresql://127.0.0.1:5432/orders",
                        "POSTGRES_USER is required: the role that owns the tables in that database",
                        "POSTGRES_PASSWORD is required: the password of POSTGRES_USER",
                        "KAFKA_BOOTSTRAP_SERVERS is required: the addresses of the Kafka brokers, e.g. 127.0.0.1:9092");
    }

    @Test
    void out_of_range_values_are_reported_with_the_range() {
        assertThat(problemsWith(Map.ofEntries(
                        Map.entry("HTTP_PORT", "65536"),
                        Map.entry("POSTGRES_POOL_SIZE", "0"),
                        Map.entry("POSTGRES_MAX_LIFETIME", "PT0.5S"),
                        Map.entry("KAFKA_BOOTSTRAP_SERVERS", "kafka"),
                        Map.entry("TOPIC_PARTITIONS", "0"),
                        Map.entry("TOPIC_REPLICATION_FACTOR", "0"),
                        Map.entry("OUTBOX_RETENTION", "PT1M"),
                        Map.entry("INBOX_RETENTION", "PT1M"),
                        Map.entry("DEAD_LETTER_RETENTION", "PT30S"),
                        Map.entry("CONSUMER_MAX_BATCH", "5001"),
                        Map.entry("CONSUMER_MAX_ATTEMPTS", "0"),
                        Map.entry("CONSUMER_RETRY_BACKOFF", "PT0S"),
                        Map.entry("CONSUMER_RETRY_BACKOFF_MAX", "-PT1S"),
                        Map.entry("RELAY_HEARTBEAT_INTERVAL", "PT0.0009S"),
                        Map.entry("RELAY_STALLED_AFTER", "PT0S"),
                        Map.entry("RELAY_SLOT_WARN_BYTES", "10"),
                        Map.entry("RELAY_SLOT_REFUSE_BYTES", "10"),
                        Map.entry("SHUTDOWN_TIMEOUT", "PT0S"))))
                .containsExactly(
                        "HTTP_PORT must be from 0 to 65535, but was 65536",
                        "POSTGRES_POOL_SIZE must be at least 1, but was 0",
                        "POSTGRES_MAX_LIFETIME must be from PT1S to PT24H, but was PT0.5S",
                        "KAFKA_BOOTSTRAP_SERVERS must be a comma-separated list of host:port, but was \"kafka\"",
                        "TOPIC_PARTITIONS must be at least 1, but was 0",
                        "TOPIC_REPLICATION_FACTOR must be at least 1, or -1 for the cluster's default, but was 0",
                        "OUTBOX_RETENTION must be at least PT1H, but was PT1M",
                        "INBOX_RETENTION must be at least PT1H, but was PT1M",
                        "DEAD_LETTER_RETENTION must be at least INBOX_RETENTION, but was PT30S",
                        "CONSUMER_MAX_BATCH must be from 1 to 5000, but was 5001",
                        "CONSUMER_MAX_ATTEMPTS must be at least 1, but was 0",
                        "CONSUMER_RETRY_BACKOFF must be at least PT0.001S, but was PT0S",
                        "CONSUMER_RETRY_BACKOFF_MAX must be at least CONSUMER_RETRY_BACKOFF, but was PT-1S",
                        "RELAY_SLOT_REFUSE_BYTES must be greater than RELAY_SLOT_WARN_BYTES, but was 10",
                        "RELAY_HEARTBEAT_INTERVAL must be at least PT0.001S, but was PT0.0009S",
                        "RELAY_STALLED_AFTER must be at least 6 times RELAY_HEARTBEAT_INTERVAL, but was PT0S",
                        "SHUTDOWN_TIMEOUT must be at least PT0.001S, but was PT0S");
    }

    @Test
    void stalled_after_must_cover_several_heartbeats() {
        assertThat(problemsWith(Map.of("RELAY_HEARTBEAT_INTERVAL", "PT20S")))
                .containsExactly(
                        "RELAY_STALLED_AFTER must be at least 6 times RELAY_HEARTBEAT_INTERVAL, but was PT15S");
        assertThat(problemsWith(Map.of("RELAY_HEARTBEAT_INTERVAL", "PT10S", "RELAY_STALLED_AFTER", "PT59S")))
                .containsExactly(
                        "RELAY_STALLED_AFTER must be at least 6 times RELAY_HEARTBEAT_INTERVAL, but was PT59S");
        assertThat(read(Map.of("RELAY_HEARTBEAT_INTERVAL", "PT10S", "RELAY_STALLED_AFTER", "PT60S"))
                        .messagingOptions()
                        .relayStalledAfter())
                .isEqualTo(Duration.ofMinutes(1));
    }

    @Test
    void out_of_range_http_limits_are_reported() {
        assertThat(problemsWith(Map.of(
                        "HTTP_MAX_CONNECTIONS", "2000000000",
                        "HTTP_MAX_CONNECTIONS_PER_ADDRESS", "0",
                        "HTTP_HEADER_TIMEOUT", "PT0S",
                        "HTTP_BODY_TIMEOUT", "-PT1S",
                        "HTTP_REQUEST_TIMEOUT", "P1D")))
                .hasSize(5)
                .satisfies(problems -> assertThat(problems.getFirst())
                        .startsWith("HTTP_MAX_CONNECTIONS must be from 1 to ")
                        .contains("files that this process may open (ulimit -n), but was 2000000000"))
                .contains(
                        "HTTP_MAX_CONNECTIONS_PER_ADDRESS must be from 1 to HTTP_MAX_CONNECTIONS, but was 0",
                        "HTTP_HEADER_TIMEOUT must be from PT0.001S to PT1H, but was PT0S",
                        "HTTP_BODY_TIMEOUT must be from PT0.001S to PT1H, but was PT-1S",
                        "HTTP_REQUEST_TIMEOUT must be from PT0.001S to PT1H, but was PT24H");
        assertThat(problemsWith(Map.of("HTTP_MAX_CONNECTIONS", "10", "HTTP_MAX_CONNECTIONS_PER_ADDRESS", "11")))
                .containsExactly("HTTP_MAX_CONNECTIONS_PER_ADDRESS must be from 1 to HTTP_MAX_CONNECTIONS, but was 11");
    }

    @ParameterizedTest
    @CsvSource({"1024, 256, 128", "2048, 512, 256", "20000, 2000, 1000", "1048576, 2000, 1000", "3, 1, 1"})
    void connection_limits_derive_from_the_open_file_limit(int openFiles, int total, int perAddress) {
        HttpLimits limits = HttpLimits.read(new Env(Map.of()), openFiles);

        assertThat(limits.maxConnections()).isEqualTo(total);
        assertThat(limits.maxConnectionsPerAddress()).isEqualTo(perAddress);
    }

    @Test
    void hosts_and_origins_are_case_insensitive() {
        assertThat(read(Map.of(
                                "HTTP_ALLOWED_HOSTS", "Shop.example, [::1]",
                                "HTTP_ALLOWED_ORIGINS", "https://Shop.example,http://localhost:3000"))
                        .http()
                        .access())
                .isEqualTo(new HttpAccess(
                        List.of("shop.example", "[::1]"),
                        List.of("https://shop.example", "http://localhost:3000"),
                        List.of()));
    }

    @Test
    void an_invalid_host_or_origin_is_reported() {
        assertThat(problemsWith(Map.of(
                        "HTTP_ALLOWED_HOSTS", "shop.example:8080,",
                        "HTTP_ALLOWED_ORIGINS", "shop.example,https://shop.example/,null,*")))
                .containsExactly(
                        "HTTP_ALLOWED_HOSTS must be a comma-separated list of host names without ports, such as"
                                + " shop.example, or * for any, but one entry was \"shop.example:8080\"",
                        "HTTP_ALLOWED_HOSTS must be a comma-separated list of host names without ports, such as"
                                + " shop.example, or * for any, but one entry was \"\"",
                        "HTTP_ALLOWED_ORIGINS must be a comma-separated list of origins, such as"
                                + " https://shop.example, but one entry was \"shop.example\"",
                        "HTTP_ALLOWED_ORIGINS must be a comma-separated list of origins, such as"
                                + " https://shop.example, but one entry was \"https://shop.example/\"",
                        "HTTP_ALLOWED_ORIGINS must be a comma-separated list of origins, such as"
                                + " https://shop.example, but one entry was \"null\"",
                        "HTTP_ALLOWED_ORIGINS must be a comma-separated list of origins, such as"
                                + " https://shop.example, but one entry was \"*\"");
    }

    @Test
    void an_invalid_log_setting_is_reported() {
        assertThat(problemsWith(Map.of("LOG_FORMAT", "xml", "LOG_LEVEL", "loud")))
                .containsExactly(
                        "LOG_FORMAT must be one of text, json, but was \"xml\"",
                        "LOG_LEVEL must be one of trace, debug, info, warn, error, but was \"loud\"");
    }

    @Test
    void secrets_are_masked_when_the_configuration_is_logged_as_text_or_json() throws JsonProcessingException {
        ServiceConfig config = read(Map.of(
                "KAFKA_SASL_JAAS_CONFIG", "required username=me password=hunter2;",
                "KAFKA_SSL_KEYSTORE_PASSWORD", "hunter2",
                "KAFKA_SOME_PLUGIN_TOKEN", "hunter2",
                "KAFKA_SECURITY_PROTOCOL", "SASL_SSL"));

        assertThat(List.of(
                        config.toString(),
                        new ObjectMapper()
                                .writeValueAsString(
                                        List.of(config.postgres().login().password(), config.kafka()))))
                .allSatisfy(shown -> assertThat(shown)
                        .contains("sasl.jaas.config=***", "ssl.keystore.password=***", "some.plugin.token=***")
                        .contains("security.protocol=SASL_SSL")
                        .contains("***")
                        .doesNotContain("hunter2"));
    }

    @Nested
    class the_address_of_the_database {
        @ParameterizedTest
        @ValueSource(
                strings = {
                    "db.example:5432/orders",
                    "jdbc:postgresql://db.example/orders",
                    "postgresql://db.example",
                    "postgresql:///orders",
                    "postgresql://a:1,b:2/orders",
                    "postgresql://a:65536/orders",
                    "postgresql://a_b:65536/orders",
                    "postgresql://db example/orders",
                    "postgresql://db.example/orders/more"
                })
        void must_be_one_host_and_one_database(String uri) {
            assertThat(problemsWith(Map.of("POSTGRES_URI", uri)))
                    .containsExactly("POSTGRES_URI must name one host and one database, e.g."
                            + " postgresql://127.0.0.1:5432/orders");
        }

        @ParameterizedTest
        @ValueSource(strings = {"order-db", "Orders", "a_name_that_is_longer_than_fifty_two_characters_altogether"})
        void must_name_a_database_that_is_valid_in_a_slot_name(String database) {
            assertThat(problemsWith(Map.of("POSTGRES_URI", "postgresql://db.example/" + database)))
                    .containsExactly("POSTGRES_URI must name a database of up to 52 lower-case letters, digits and"
                            + " underscores, because its replication slot is named after it, but was \"" + database
                            + "\"");
        }

        @Test
        void may_omit_the_default_port() {
            assertThat(read(Map.of("POSTGRES_URI", "postgres://[::1]/orders"))
                            .postgres()
                            .address())
                    .isEqualTo("::1:5432/orders");
        }

        @Test
        void may_have_a_host_with_an_underscore() {
            assertThat(read(Map.of("POSTGRES_URI", "postgresql://shop_db:5433/orders"))
                            .postgres()
                            .address())
                    .isEqualTo("shop_db:5433/orders");
            assertThat(problemsWith(Map.of("POSTGRES_URI", "postgresql://me:hunter2@shop_db/orders")))
                    .containsExactly("POSTGRES_URI must not contain a user or password: use POSTGRES_USER and"
                            + " POSTGRES_PASSWORD");
        }

        @Test
        void is_not_quoted_in_problems_because_it_may_hold_a_password() {
            assertThat(problemsWith(
                            Map.of("POSTGRES_URI", "postgresql://me:hunter2@db.example/orders?sslmode=require")))
                    .containsExactly(
                            "POSTGRES_URI must not contain a user or password: use POSTGRES_USER and"
                                    + " POSTGRES_PASSWORD",
                            "POSTGRES_URI must end with the database name: parameters are not supported");
        }
    }

    @Nested
    class a_kafka_property {
        private final KafkaConfig kafka = read(Map.of(
                        "KAFKA_SECURITY_PROTOCOL", "SSL",
                        "KAFKA_LINGER_MS", "7",
                        "KAFKA_CONSUMER_MAX_POLL_RECORDS", "50",
                        "KAFKA_CONSUMER_SECURITY_PROTOCOL", "PLAINTEXT",
                        "KAFKA_PRODUCER_COMPRESSION_TYPE", "lz4",
                        "KAFKA_ADMIN_RETRIES", "3",
                        "KAFKA_MY_INTERCEPTOR_URL", "http://x"))
                .kafka();

        @Test
        void is_passed_to_every_client_that_supports_it_or_to_all_if_none_does() {
            assertThat(kafka.producer())
                    .isEqualTo(Map.of(
                            "bootstrap.servers", "a:9092, b:9092",
                            "security.protocol", "SSL",
                            "linger.ms", "7",
                            "compression.type", "lz4",
                            "my.interceptor.url", "http://x"));
            assertThat(kafka.admin())
                    .isEqualTo(Map.of(
                            "bootstrap.servers", "a:9092, b:9092",
                            "security.protocol", "SSL",
                            "retries", "3",
                            "my.interceptor.url", "http://x"));
        }

        @Test
        void for_one_type_of_client_overrides_the_one_for_all() {
            assertThat(kafka.consumer())
                    .isEqualTo(Map.of(
                            "bootstrap.servers", "a:9092, b:9092",
                            "allow.auto.create.topics", "false",
                            "security.protocol", "PLAINTEXT",
                            "max.poll.records", "50",
                            "my.interceptor.url", "http://x"));
        }

        @Test
        void unknown_to_all_clients_is_reported_by_its_variable() {
            assertThat(kafka.unknownVariables()).containsExactly("KAFKA_MY_INTERCEPTOR_URL");
        }

        @Test
        void with_an_invalid_value_is_reported() {
            assertThat(problemsWith(
                            Map.of("KAFKA_SECURITY_PROTOCOL", "SAFE", "KAFKA_CONSUMER_MAX_POLL_RECORDS", "many")))
                    .hasSize(2)
                    .anySatisfy(
                            problem -> assertThat(problem).startsWith("KAFKA_SECURITY_PROTOCOL is rejected by Kafka: "))
                    .anySatisfy(problem ->
                            assertThat(problem).startsWith("KAFKA_CONSUMER_MAX_POLL_RECORDS is rejected by Kafka: "));
        }
    }

    @Test
    void consumer_options_reflect_the_configuration() {
        ServiceConfig config = read(Map.of("CONSUMER_MAX_BATCH", "50", "INBOX_RETENTION", "P1D"));

        assertThat(config.messaging().consumerOptions("order-service", List.of("order.commands"), config.kafka()))
                .isEqualTo(new ConsumerOptions(
                        "order-service",
                        List.of("order.commands"),
                        config.kafka().consumer(),
                        50,
                        new ConsumerOptions.Retries(5, new Backoff(Duration.ofMillis(500), Duration.ofSeconds(30))),
                        Duration.ofDays(1),
                        new ConsumerOptions.Gaps(Duration.ofSeconds(10), Duration.ofMinutes(10))));
    }

    private static List<String> problemsWith(Map<String, String> more) {
        return problems(with(more));
    }

    private static List<String> problems(Map<String, String> environment) {
        Env env = new Env(environment);
        ServiceConfig config = ServiceConfig.read(env, "order-service", 8080);
        return catchThrowableOfType(SettingsException.class, () -> env.build("order-service", () -> config))
                .problems();
    }

    private static ServiceConfig read(Map<String, String> more) {
        Env env = new Env(with(more));
        ServiceConfig config = ServiceConfig.read(env, "order-service", 8080);
        return env.build("order-service", () -> config);
    }

    private static Map<String, String> with(Map<String, String> more) {
        Map<String, String> all = new HashMap<>(REQUIRED);
        all.putAll(more);
        return all;
    }
}
