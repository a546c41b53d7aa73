package dev.lockstep.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.runtime.ServiceRoutes.ServedRoute;
import dev.lockstep.runtime.auth.Access;
import dev.lockstep.runtime.auth.Scope;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class OpenApiDocumentTest {
    private static final ServedRoute LIVENESS = new ServedRoute(HttpMethod.GET, "/health/live", Access.open());
    private static final ServedRoute METRICS =
            new ServedRoute(HttpMethod.GET, "/metrics", Access.anyOf(Scope.OPERATOR_READ));
    private static final ServedRoute ROW =
            new ServedRoute(HttpMethod.GET, "/outbox/:id", Access.anyOf(Scope.OPERATOR_WRITE, Scope.OPERATOR_READ));

    @Test
    void the_parts_are_put_together() {
        JsonObject document = OpenApiDocument.assemble(List.of("runtime", "messaging", "no-such-part"), List.of());

        assertThat(document.getString("openapi")).isEqualTo("3.1.0");
        assertThat(document.getJsonObject("paths").fieldNames()).contains("/health/live", "/outbox/{id}");
        assertThat(document.getJsonObject("components").getJsonObject("schemas").fieldNames())
                .contains("Problem", "OutboxRow");
    }

    @Test
    void two_parts_with_the_same_path_are_refused() {
        assertThatThrownBy(() -> OpenApiDocument.assemble(List.of("runtime", "runtime"), List.of()))
                .hasMessage("two parts of the OpenAPI document have /health/live");
    }

    @Test
    void the_access_to_an_operation_is_that_of_its_route() {
        JsonObject document =
                OpenApiDocument.assemble(List.of("runtime", "messaging"), List.of(LIVENESS, METRICS, ROW));

        assertThat(operation(document, "/health/live").getJsonArray("security")).isEqualTo(new JsonArray());
        assertThat(operation(document, "/metrics").getJsonArray("security"))
                .isEqualTo(new JsonArray("[{\"token\":[\"operator:read\"]}]"));
        assertThat(operation(document, "/outbox/{id}").getJsonArray("security"))
                .isEqualTo(new JsonArray("[{\"token\":[\"operator:read\"]},{\"token\":[\"operator:write\"]}]"));
    }

    @Test
    void sign_in_adds_its_refusals() {
        JsonObject document = OpenApiDocument.assemble(List.of("runtime"), List.of(LIVENESS, METRICS));

        assertThat(operation(document, "/metrics").getJsonObject("responses").fieldNames())
                .containsExactly("200", "401", "403", "503");
        assertThat(operation(document, "/health/live")
                        .getJsonObject("responses")
                        .fieldNames())
                .containsExactly("200", "503");
    }

    @Test
    void an_operation_that_is_not_served_has_no_access() {
        JsonObject document = OpenApiDocument.assemble(List.of("runtime"), List.of());

        assertThat(operation(document, "/metrics").containsKey("security")).isFalse();
    }

    private static JsonObject operation(JsonObject document, String path) {
        return document.getJsonObject("paths").getJsonObject(path).getJsonObject("get");
    }
}
