package dev.lockstep.launcher;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.launcher.EchoService.FakeRelay;
import dev.lockstep.launcher.EchoService.Gate;
import dev.lockstep.testing.TestDatabase;
import dev.lockstep.testing.TestKafka;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
@TestInstance(Lifecycle.PER_CLASS)
class HttpApiIT {
    @RegisterExtension
    static final TestDatabase database = new TestDatabase("http_api");

    @RegisterExtension
    static final TestKafka kafka = new TestKafka();

    private final FakeRelay relay = new FakeRelay();
    private RunningService service;
    private Http http;

    @BeforeAll
    void start() {
        service = EchoService.start(
                EchoService.settings(database.uri(), kafka.bootstrapServers(), Map.of("TOPIC_PARTITIONS", "1")),
                List.of("http-api"),
                new Gate(),
                relay);
        http = Http.to(service);
        await().until(() -> http.get("/health/ready").statusCode() == 200);
    }

    @AfterAll
    void stop() {
        service.close();
    }

    @Test
    void a_running_service_is_alive() {
        HttpResponse<String> answer = http.get("/health/live");

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).isEqualTo("{\"status\":\"UP\"}");
    }

    @Test
    void a_stalled_part_fails_liveness_with_its_reason() {
        relay.stall = Optional.of("its thread has ended");
        HttpResponse<String> answer = http.get("/health/live");
        relay.stall = Optional.empty();

        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(answer.body())
                .isEqualTo("{\"status\":\"DOWN\",\"checks\":[{\"name\":\"relay process\",\"status\":\"DOWN\","
                        + "\"problem\":\"its thread has ended\"}]}");
        assertThat(http.get("/health/live").statusCode()).isEqualTo(200);
    }

    @Test
    void readiness_lists_every_check_with_the_reason_of_a_failure() {
        assertThat(relay.started).isTrue();
        assertThat(http.get("/health/ready").body())
                .isEqualTo("{\"status\":\"UP\",\"checks\":[{\"name\":\"postgres\",\"status\":\"UP\"},"
                        + "{\"name\":\"relay process\",\"status\":\"UP\"},{\"name\":\"topics\",\"status\":\"UP\"}]}");

        relay.problem = Optional.of("the slot is lost");
        HttpResponse<String> answer = http.get("/health/ready");
        relay.problem = Optional.empty();

        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(answer.headers().firstValue("Content-Type")).contains("application/json");
        assertThat(answer.body())
                .startsWith("{\"status\":\"DOWN\"")
                .contains("{\"name\":\"relay process\",\"status\":\"DOWN\",\"problem\":\"the slot is lost\"}");
    }

    @Test
    void metrics_cover_http_pools_event_loops_and_the_jvm() {
        http.get("/echo?limit=3");

        HttpResponse<String> answer = http.get("/metrics");

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Content-Type").orElseThrow()).startsWith("text/plain");
        assertThat(answer.body().lines())
                .anySatisfy(line -> assertThat(line)
                        .startsWith("vertx_http_server_response_time_seconds_bucket")
                        .contains("route=\"/echo\"", "method=\"GET\"", "code=\"200\"", "service=\"echo-service\""))
                .anySatisfy(line -> assertThat(line).startsWith("vertx_pool_").contains("pool_name=\"echo-pg\""))
                .anySatisfy(line -> assertThat(line).startsWith("lockstep_event_loop_lag_seconds_max"))
                .anySatisfy(line -> assertThat(line).startsWith("jvm_memory_used_bytes"))
                .anySatisfy(line -> assertThat(line).startsWith("process_cpu_usage"));
    }

    @Test
    void an_unknown_method_creates_no_metric_series() {
        http.send("BREW", "/echo", "", "");

        assertThat(http.get("/metrics").body()).doesNotContain("BREW").contains("method=\"other\"");
    }

    @Test
    void json_is_echoed() {
        HttpResponse<String> answer = http.postJson("/echo", "{'text':'hällo'}");

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Content-Type")).contains("application/json");
        assertThat(answer.body()).isEqualTo("{\"text\":\"hällo\"}");
    }

    @Test
    void an_unknown_path_is_a_problem() {
        assertProblem(
                http.get("/nowhere"),
                "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
                        + "\"detail\":\"There is no resource at /nowhere\"}");
    }

    @Test
    void a_missing_resource_is_a_problem() {
        assertProblem(
                http.get("/echo/e1"),
                "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
                        + "\"detail\":\"There is no echo e1\"}");
    }

    @Test
    void an_unsupported_method_lists_the_allowed_ones() {
        HttpResponse<String> answer = http.send("PUT", "/echo/e1", "", "");

        assertProblem(
                answer,
                "{\"type\":\"about:blank\",\"title\":\"Method Not Allowed\",\"status\":405,"
                        + "\"detail\":\"PUT is not allowed at /echo/e1; allowed: DELETE, GET\"}");
        assertThat(answer.headers().firstValue("Allow")).contains("DELETE, GET");
    }

    @Test
    void a_body_over_the_limit_is_a_problem_that_names_the_limit() {
        assertProblem(
                http.postJson("/echo", "{'text':'" + "x".repeat(256 * 1024) + "'}"),
                "{\"type\":\"about:blank\",\"title\":\"Request Entity Too Large\",\"status\":413,"
                        + "\"detail\":\"The body may be at most 262144 bytes\"}");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "text/plain",
                "application/x-www-form-urlencoded",
                "multipart/form-data; boundary=x",
                "application/json; charset=euc-kr"
            })
    void a_body_with_a_non_json_content_type_is_a_problem(String contentType) {
        assertProblem(
                http.send("POST", "/echo", contentType, "x".repeat(20_000)),
                "{\"type\":\"about:blank\",\"title\":\"Unsupported Media Type\",\"status\":415,"
                        + "\"detail\":\"The body must be application/json in UTF-8, but Content-Type is \\\""
                        + contentType
                        + "\\\"\"}");
    }

    @Test
    void a_body_without_a_content_type_is_a_problem() {
        assertThat(http.send("POST", "/echo", "", "{}").statusCode()).isEqualTo(415);
    }

    @Test
    void json_may_declare_utf_8() {
        assertThat(http.send("POST", "/echo", "Application/JSON; charset=UTF-8", "{}")
                        .statusCode())
                .isEqualTo(200);
    }

    @Test
    void an_invalid_field_is_reported() {
        assertProblem(
                http.postJson("/echo", "{'text':'a','times':'2'}"),
                "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,"
                        + "\"detail\":\"times must be a whole number\","
                        + "\"errors\":[{\"field\":\"times\",\"message\":\"must be a whole number\"}]}");
    }

    @Test
    void an_invalid_parameter_is_reported() {
        assertProblem(
                http.get("/echo?limit=0"),
                "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,"
                        + "\"detail\":\"limit must be a whole number from 1 to 500, but was \\\"0\\\"\","
                        + "\"errors\":[{\"field\":\"limit\","
                        + "\"message\":\"must be a whole number from 1 to 500, but was \\\"0\\\"\"}]}");
    }

    @Test
    void text_that_postgres_cannot_store_is_a_client_error() {
        assertThat(http.get("/echo/%00").statusCode()).isEqualTo(400);
    }

    @Test
    void an_undecodable_path_is_a_problem() throws IOException {
        assertThat(raw("GET /echo/%zz"))
                .startsWith("HTTP/1.1 400 ")
                .contains("application/problem+json", "\"detail\":\"The request is not valid HTTP");
    }

    @ParameterizedTest
    @ValueSource(strings = {"limit=%zz", "cursor=%", "other=100%"})
    void an_undecodable_query_is_a_client_error(String query) throws IOException {
        assertThat(raw("GET /echo?" + query))
                .startsWith("HTTP/1.1 400 ")
                .contains("application/problem+json", "\"detail\":\"The query string is not percent-encoded");
    }

    @Test
    void service_unavailable_has_a_retry_after() {
        HttpResponse<String> answer = http.get("/busy");

        assertProblem(
                answer,
                "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,"
                        + "\"detail\":\"Too much to do\"}");
        assertThat(answer.headers().firstValue("Retry-After")).contains("7");
    }

    @Test
    void an_unexpected_failure_is_a_problem_without_details() {
        assertProblem(
                http.get("/broken"),
                "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500,"
                        + "\"detail\":\"Internal error; see the service log\"}");
    }

    private static void assertProblem(HttpResponse<String> answer, String body) {
        assertThat(answer.body()).isEqualTo(body);
        assertThat(answer.headers().firstValue("Content-Type")).contains("application/problem+json");
        assertThat(body).contains("\"status\":" + answer.statusCode());
    }

    // On a plain socket, because an HTTP client would not send such a request line.
    private String raw(String requestLine) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), service.httpPort())) {
            socket.getOutputStream()
                    .write((requestLine + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").getBytes(UTF_8));
            return new String(socket.getInputStream().readAllBytes(), UTF_8);
        }
    }
}
