package dev.lockstep.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class SecretFilesTest {
    private static final String JAAS = "org.example.Login required username=\"orders\" password=\"hunter2\";";

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({"'hunter2',hunter2", "'hunter2\n',hunter2", "'hunter2\n\n','hunter2\n'", "' hunter2 ',' hunter2 '"})
    void a_secret_is_the_content_of_its_file_without_one_line_feed_at_the_end(String content, String secret)
            throws IOException {
        ServiceConfig config = read(Map.of("POSTGRES_PASSWORD_FILE", file("password", content)));

        assertThat(config.postgres().login().password().value()).isEqualTo(secret);
    }

    @Test
    void every_secret_can_be_read_from_a_file() throws IOException {
        ServiceConfig config = read(Map.of(
                "POSTGRES_PASSWORD_FILE", file("password", "p1"),
                "RELAY_POSTGRES_USER", "orders_relay",
                "RELAY_POSTGRES_PASSWORD_FILE", file("relay", "p2"),
                "KAFKA_SASL_JAAS_CONFIG_FILE", file("jaas", JAAS + "\n"),
                "KAFKA_PRODUCER_SSL_KEYSTORE_PASSWORD_FILE", file("keystore", "p3")));

        assertThat(config.postgres().login().password().value()).isEqualTo("p1");
        assertThat(config.relay().login().user()).isEqualTo("orders_relay");
        assertThat(config.relay().login().password().value()).isEqualTo("p2");
        assertThat(config.kafka().properties())
                .isEqualTo(Map.of("sasl.jaas.config", JAAS, "producer.ssl.keystore.password", "p3"));
        assertThat(config.toString()).doesNotContain("p1", "p2", "p3", "hunter2");
    }

    @Test
    void a_property_of_kafka_that_is_a_file_itself_is_not_a_secret_file() {
        ServiceConfig config = read(Map.of(
                "POSTGRES_PASSWORD", "p", "KAFKA_SASL_OAUTHBEARER_ASSERTION_TEMPLATE_FILE", "/etc/assertion.json"));

        assertThat(config.kafka().properties())
                .isEqualTo(Map.of("sasl.oauthbearer.assertion.template.file", "/etc/assertion.json"));
    }

    @Test
    void unusable_files_are_reported_together_with_other_problems() throws IOException {
        String large = file("large", "x".repeat(65_537));
        Path binary = Files.write(folder.resolve("binary"), new byte[] {(byte) 0xff, 'x'});
        String empty = file("empty", "\n");

        assertThat(problems(Map.of(
                        "POSTGRES_PASSWORD_FILE",
                        "/no/such/file",
                        "RELAY_POSTGRES_USER",
                        "orders_relay",
                        "RELAY_POSTGRES_PASSWORD_FILE",
                        large,
                        "KAFKA_SASL_JAAS_CONFIG_FILE",
                        empty,
                        "KAFKA_SSL_KEY_PASSWORD_FILE",
                        binary.toString(),
                        "KAFKA_SSL_KEYSTORE_PASSWORD_FILE",
                        folder.toString(),
                        "SHUTDOWN_TIMEOUT",
                        "soon")))
                .containsExactly(
                        "POSTGRES_PASSWORD_FILE: the file /no/such/file does not exist",
                        "KAFKA_SASL_JAAS_CONFIG_FILE: the file " + empty + " is empty",
                        "KAFKA_SSL_KEYSTORE_PASSWORD_FILE: the file " + folder + " cannot be read: Is a directory",
                        "KAFKA_SSL_KEY_PASSWORD_FILE: the file " + binary + " is not UTF-8 text",
                        "RELAY_POSTGRES_PASSWORD_FILE: the file " + large + " has more than 65536 bytes",
                        "SHUTDOWN_TIMEOUT must be an ISO-8601 duration such as PT30S, but was \"soon\"");
    }

    @Test
    void a_secret_and_its_file_cannot_both_be_set() throws IOException {
        String file = file("secret", "hunter2");

        assertThat(problems(Map.of(
                        "POSTGRES_PASSWORD", "hunter2",
                        "POSTGRES_PASSWORD_FILE", file,
                        "KAFKA_SASL_JAAS_CONFIG", JAAS,
                        "KAFKA_SASL_JAAS_CONFIG_FILE", file)))
                .containsExactly(
                        "POSTGRES_PASSWORD and POSTGRES_PASSWORD_FILE are both set: set only one of them",
                        "KAFKA_SASL_JAAS_CONFIG and KAFKA_SASL_JAAS_CONFIG_FILE are both set: set only one of them");
    }

    @Test
    void the_role_of_the_relay_and_its_password_belong_together() {
        assertThat(problems(Map.of("POSTGRES_PASSWORD", "p", "RELAY_POSTGRES_USER", "orders_relay")))
                .containsExactly("RELAY_POSTGRES_PASSWORD is required: the password of RELAY_POSTGRES_USER");
        assertThat(problems(Map.of("POSTGRES_PASSWORD", "p", "RELAY_POSTGRES_PASSWORD", "p")))
                .containsExactly(
                        "RELAY_POSTGRES_PASSWORD has no effect without RELAY_POSTGRES_USER: set both, or neither");
    }

    @Test
    void a_secret_is_read_again_and_keeps_its_first_value_while_its_file_is_unusable() throws IOException {
        Path file = Path.of(file("password", "old"));
        Secret password = read(Map.of("POSTGRES_PASSWORD_FILE", file.toString()))
                .postgres()
                .login()
                .password();

        Files.writeString(file, "new\n", StandardCharsets.UTF_8);
        assertThat(password.current()).isEqualTo("new");

        Files.delete(file);
        assertThat(password.current()).isEqualTo("old");
    }

    private String file(String name, String content) throws IOException {
        return Files.writeString(folder.resolve(name), content).toString();
    }

    private static List<String> problems(Map<String, String> settings) {
        return catchThrowableOfType(SettingsException.class, () -> read(settings))
                .problems();
    }

    private static ServiceConfig read(Map<String, String> settings) {
        Map<String, String> all = new HashMap<>(Map.of(
                "POSTGRES_URI", "postgresql://db.example/orders",
                "POSTGRES_USER", "orders",
                "KAFKA_BOOTSTRAP_SERVERS", "a:9092"));
        all.putAll(settings);
        Env env = new Env(all);
        ServiceConfig config = ServiceConfig.read(env, "order-service", 8080);
        return env.build("order-service", () -> config);
    }
}
