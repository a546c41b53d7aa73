package dev.lockstep.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.testing.TestIssuer;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class AdminPortIT {
    @RegisterExtension
    final TestIssuer issuer = new TestIssuer();

    @SuppressWarnings("NullAway.Init") // each test starts it
    private ProtectedServer server;

    @BeforeEach
    void start() {
        Map<String, String> settings = new HashMap<>(issuer.settings());
        settings.put("ADMIN_HTTP_PORT", "0");
        server = new ProtectedServer(settings);
        await().until(() -> !server.get("/health/ready").body().contains("warning"));
    }

    @AfterEach
    void close() {
        server.close();
    }

    @Test
    void routes_for_operators_are_on_the_admin_port_only() {
        String[] operator = {"Authorization", "Bearer " + issuer.token("kim", "operator:read")};

        assertThat(server.getFromAdmin("/actions", operator).statusCode()).isEqualTo(200);
        assertThat(server.getFromAdmin("/actions").statusCode()).isEqualTo(401);
        assertThat(server.get("/actions", operator).statusCode()).isEqualTo(404);
        assertThat(server.get("/actions").statusCode()).isEqualTo(404);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/orders", "/accounts", "/signed-in", "/open"})
    void routes_for_callers_are_on_the_main_port_only(String path) {
        String[] caller = {"Authorization", "Bearer " + issuer.token("u123", "orders:read")};

        assertThat(server.get(path, caller).statusCode()).isEqualTo(200);
        assertThat(server.getFromAdmin(path, caller).statusCode()).isEqualTo(404);
    }

    @Test
    void metrics_are_on_the_admin_port_and_need_no_sign_in_there() {
        assertThat(server.getFromAdmin("/metrics").statusCode()).isEqualTo(200);
        assertThat(server.get("/metrics").statusCode()).isEqualTo(404);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/health/live", "/health/ready"})
    void health_is_on_both_ports(String path) {
        assertThat(server.get(path).statusCode()).isEqualTo(200);
        assertThat(server.getFromAdmin(path).statusCode()).isEqualTo(200);
    }
}
