package dev.lockstep.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.lockstep.runtime.auth.ClientIdentity;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class PeersConfigTest {
    @Test
    void there_are_no_peers_by_default() {
        assertThat(read(Map.of())).isEqualTo(new PeersConfig(new TreeMap<>(), Duration.ofSeconds(2), null, null));
    }

    @Test
    void peers_have_a_name_and_an_address() {
        PeersConfig config = read(Map.of(
                "PEERS",
                "inventory=http://127.0.0.1:8081/, payment = https://payment.example/api",
                "PEERS_TIMEOUT",
                "PT1S"));

        assertThat(config.uris())
                .isEqualTo(Map.of(
                        "inventory", URI.create("http://127.0.0.1:8081"),
                        "payment", URI.create("https://payment.example/api")));
        assertThat(config.timeout()).isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void the_host_of_a_peer_may_have_an_underscore() {
        assertThat(read(Map.of("PEERS", "inventory=http://shop_inventory:8081")).uris())
                .isEqualTo(Map.of("inventory", URI.create("http://shop_inventory:8081")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "inventory",
                "inventory=",
                "=http://a",
                "Inventory=http://a",
                "inventory=ftp://a",
                "inventory=127.0.0.1:8081",
                "inventory=http://user:secret@a",
                "inventory=http://user:secret@a_b",
                "inventory=http://a:65536",
                "inventory=http://a_b:65536",
                "inventory=http://a?b=c",
                "inventory=http://a b"
            })
    void an_invalid_peer_is_reported_with_an_example(String peer) {
        assertThat(problems(Map.of("PEERS", "payment=http://a," + peer)))
                .containsExactly("PEERS must be a comma-separated list of name=http://host:port, such as"
                        + " inventory=http://127.0.0.1:8081, but one entry was \"" + peer + "\"");
    }

    @Test
    void a_duplicate_name_and_an_invalid_timeout_are_reported_together() {
        assertThat(problems(Map.of("PEERS", "a=http://b,a=http://c", "PEERS_TIMEOUT", "PT2M")))
                .containsExactly(
                        "PEERS must name each service once, but names a twice",
                        "PEERS_TIMEOUT must be from PT0.001S to PT1M, but was PT2M");
    }

    @Test
    void a_client_at_the_issuer_is_an_identity_whose_secret_is_not_printed() {
        PeersConfig config = read(Map.of(
                "AUTH_ISSUER", "https://id.example", "PEERS_CLIENT_ID", "orders", "PEERS_CLIENT_SECRET", "change-me"));

        assertThat(config.client()).isEqualTo(new ClientIdentity("orders", "change-me"));
        assertThat(config.toString()).contains("orders").doesNotContain("change-me");
    }

    @Test
    void a_client_needs_an_issuer_and_a_secret() {
        assertThat(problems(Map.of("PEERS_CLIENT_ID", "orders")))
                .containsExactly(
                        "PEERS_CLIENT_ID requires AUTH_ISSUER: the issuer gives this client its access tokens",
                        "PEERS_CLIENT_SECRET is required: the secret of the client PEERS_CLIENT_ID at the issuer");
        assertThat(problems(Map.of("PEERS_CLIENT_SECRET", "change-me")))
                .containsExactly("PEERS_CLIENT_SECRET requires PEERS_CLIENT_ID");
    }

    @Test
    void a_missing_file_of_authorities_is_reported() {
        assertThat(problems(Map.of("PEERS_CA_FILE", "/missing/ca.pem")))
                .containsExactly("PEERS_CA_FILE must be a readable PEM file, but was \"/missing/ca.pem\"");
    }

    private static PeersConfig read(Map<String, String> environment) {
        Env env = new Env(environment);
        PeersConfig config = PeersConfig.read(env);
        return env.build("test-service", () -> config);
    }

    private static List<String> problems(Map<String, String> environment) {
        return catchThrowableOfType(SettingsException.class, () -> read(environment))
                .problems();
    }
}
