package dev.lockstep.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.lockstep.messaging.http.PayloadVisibility;
import dev.lockstep.runtime.auth.Issuer;
import dev.lockstep.runtime.auth.TokenRules;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class AuthConfigTest {
    private static final Map<String, String> ISSUER =
            Map.of("AUTH_ISSUER", "https://id.example/realms/shop", "AUTH_AUDIENCE", "lockstep");

    @Test
    void a_service_on_loopback_may_be_open() {
        assertThat(read(Map.of()).auth()).isEqualTo(new AuthConfig(null, false, PayloadVisibility.FULL));
        assertThat(read(Map.of("HTTP_HOST", "::1")).auth())
                .isEqualTo(new AuthConfig(null, false, PayloadVisibility.FULL));
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost", "127.0.0.2", "[::1]", "::ffff:127.0.0.1"})
    void every_name_of_loopback_counts(String host) {
        assertThat(read(Map.of("HTTP_HOST", host)).auth()).isEqualTo(AuthConfig.OPEN);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0", "::", "[::]", "0", "::ffff:0.0.0.0", "192.0.2.1", "unknown.invalid"})
    void a_service_that_others_can_reach_needs_an_issuer(String host) {
        assertThat(problems(Map.of("HTTP_HOST", host)))
                .containsExactly("AUTH_ISSUER is required, because other machines can reach the service: set it and"
                        + " AUTH_AUDIENCE, or set AUTH=none to permit every request, or listen on 127.0.0.1");
    }

    @Test
    void the_address_of_the_operators_routes_counts_as_well() {
        assertThat(problems(Map.of("ADMIN_HTTP_PORT", "9090", "ADMIN_HTTP_HOST", "0.0.0.0")))
                .singleElement()
                .asString()
                .startsWith("AUTH_ISSUER is required");
    }

    @Test
    void a_service_that_others_can_reach_may_be_declared_open() {
        assertThat(read(Map.of("HTTP_HOST", "0.0.0.0", "AUTH", "none")).auth())
                .isEqualTo(new AuthConfig(null, true, PayloadVisibility.MASKED));
    }

    @Test
    void an_issuer_is_sufficient() {
        Map<String, String> settings = new HashMap<>(ISSUER);
        settings.put("HTTP_HOST", "0.0.0.0");

        assertThat(read(settings).auth())
                .isEqualTo(new AuthConfig(
                        new Issuer(
                                new TokenRules("https://id.example/realms/shop", "lockstep", Duration.ofSeconds(30)),
                                null,
                                null),
                        false,
                        PayloadVisibility.MASKED));
    }

    @Test
    void every_setting_of_the_issuer_is_read(@TempDir Path folder) throws IOException {
        Path ca = Files.createFile(folder.resolve("ca.pem"));
        Map<String, String> settings = new HashMap<>(ISSUER);
        settings.putAll(Map.of(
                "AUTH", "OIDC",
                "AUTH_JWKS_URI", "https://keys.example/jwks",
                "AUTH_CA_FILE", ca.toString(),
                "AUTH_LEEWAY", "PT5S"));

        assertThat(read(settings).auth().issuer())
                .isEqualTo(new Issuer(
                        new TokenRules("https://id.example/realms/shop", "lockstep", Duration.ofSeconds(5)),
                        URI.create("https://keys.example/jwks"),
                        ca.toString()));
    }

    @Test
    void settings_that_contradict_each_other_are_reported() {
        Map<String, String> settings = new HashMap<>(ISSUER);
        settings.put("AUTH", "none");

        assertThat(problems(settings))
                .containsExactly(
                        "AUTH is none, so every request is permitted, but AUTH_ISSUER is set: remove one of them");
    }

    @Test
    void invalid_settings_are_reported_together() {
        assertThat(problems(Map.of(
                        "AUTH_ISSUER", "http://id.example",
                        "AUTH_AUDIENCE", "a \"b\"",
                        "AUTH_JWKS_URI", "::",
                        "AUTH_CA_FILE", "/no/such/file.pem",
                        "AUTH_LEEWAY", "PT1H")))
                .containsExactly(
                        "AUTH_ISSUER must be an https:// URL; http:// is accepted on loopback only, but was"
                                + " \"http://id.example\"",
                        "AUTH_AUDIENCE must consist of printable ASCII characters without blanks, quotes and"
                                + " backslashes",
                        "AUTH_CA_FILE must be a readable PEM file, but was \"/no/such/file.pem\"",
                        "AUTH_LEEWAY must be from PT0S to PT5M, but was PT1H",
                        "AUTH_JWKS_URI must be a URL, but was \"::\"");
    }

    @ParameterizedTest
    @CsvSource({
        "AUTH_AUDIENCE, lockstep",
        "AUTH_JWKS_URI, https://keys.example/jwks",
        "AUTH_CA_FILE, ca.pem",
        "AUTH_LEEWAY, PT5S"
    })
    void a_service_is_not_open_by_mistake_if_only_the_issuer_is_missing(String setting, String value) {
        assertThat(problems(Map.of(setting, value)))
                .containsExactly(setting + " has no effect without AUTH_ISSUER, and every request would be permitted:"
                        + " set AUTH_ISSUER, or AUTH=none, or remove " + setting);
        assertThat(read(Map.of(setting, value, "AUTH", "none")).auth().declaredOpen())
                .isTrue();
    }

    @Test
    void oidc_without_an_issuer_is_reported() {
        assertThat(problems(Map.of("AUTH", "oidc")))
                .containsExactly(
                        "AUTH_ISSUER is required: the issuer of the access tokens, as in their claim iss, e.g."
                                + " https://id.example/realms/shop",
                        "AUTH_AUDIENCE is required: the audience of the access tokens, as in their claim aud, e.g."
                                + " lockstep");
        assertThat(problems(Map.of("AUTH", "basic")).getFirst())
                .isEqualTo("AUTH must be one of none, oidc, but was \"basic\"");
    }

    @Test
    void the_operators_routes_may_have_an_address_of_their_own() {
        assertThat(read(Map.of()).admin()).isNull();
        assertThat(read(Map.of("ADMIN_HTTP_PORT", "9090")).admin()).isEqualTo(new AdminConfig("127.0.0.1", 9090));
        assertThat(read(Map.of("ADMIN_HTTP_PORT", "8080", "ADMIN_HTTP_HOST", "127.0.0.2"))
                        .admin())
                .isEqualTo(new AdminConfig("127.0.0.2", 8080));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            8080  | 127.0.0.1 | ADMIN_HTTP_PORT must differ from HTTP_PORT, but both are 8080
            65536 | 127.0.0.1 | ADMIN_HTTP_PORT must be from 0 to 65535, but was 65536
                  | 127.0.0.2 | ADMIN_HTTP_HOST requires ADMIN_HTTP_PORT
            """)
    void an_invalid_address_of_the_operators_routes_is_reported(String port, String host, String problem) {
        assertThat(problems(Map.of("ADMIN_HTTP_PORT", port == null ? "" : port, "ADMIN_HTTP_HOST", host)))
                .containsExactly(problem);
    }

    @ParameterizedTest
    @CsvSource({"full, FULL", "masked, MASKED", "NONE, NONE"})
    void the_visibility_of_payloads_may_be_set(String setting, PayloadVisibility expected) {
        assertThat(read(Map.of("PAYLOADS", setting)).auth().payloads()).isEqualTo(expected);
        assertThat(read(Map.of("PAYLOADS", setting, "AUTH", "none")).auth().payloads())
                .isEqualTo(expected);
    }

    @Test
    void trusted_proxies_are_addresses_and_networks() {
        assertThat(read(Map.of("HTTP_TRUSTED_PROXIES", "10.0.0.7, fd00::/8"))
                        .access()
                        .trustedProxies())
                .isEqualTo(List.of("10.0.0.7", "fd00::/8"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"proxy.example", "10.0.0.0/33", "*"})
    void other_proxies_are_reported(String proxy) {
        assertThat(problems(Map.of("HTTP_TRUSTED_PROXIES", proxy)))
                .containsExactly(
                        "HTTP_TRUSTED_PROXIES must be a comma-separated list of IP addresses and networks, such"
                                + " as 10.0.0.7 or 10.0.0.0/8, but one entry was \"" + proxy + "\"");
    }

    private static HttpConfig read(Map<String, String> settings) {
        Env env = new Env(settings);
        HttpConfig http = HttpConfig.read(env, 8080);
        return env.build("order-service", () -> http);
    }

    private static List<String> problems(Map<String, String> settings) {
        SettingsException refused = catchThrowableOfType(SettingsException.class, () -> read(settings));
        return String.valueOf(refused.getMessage())
                .lines()
                .skip(1)
                .map(line -> line.replaceFirst("^ {2}- ", ""))
                .toList();
    }
}
