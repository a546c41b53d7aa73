package dev.lockstep.runtime;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.messaging.http.RequestTrace;
import dev.lockstep.messaging.record.TraceContext;
import dev.lockstep.runtime.auth.Access;
import dev.lockstep.runtime.tracing.LoggedTraceIds;
import dev.lockstep.runtime.tracing.RecordedTraces;
import dev.lockstep.runtime.tracing.Tracing;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class HttpTracesIT {
    private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
    private static final String PARENT = "00f067aa0ba902b7";
    private static final AttributeKey<String> METHOD = AttributeKey.stringKey("http.request.method");
    private static final AttributeKey<String> ROUTE = AttributeKey.stringKey("http.route");
    private static final AttributeKey<String> PATH = AttributeKey.stringKey("url.path");
    private static final AttributeKey<Long> STATUS = AttributeKey.longKey("http.response.status_code");

    private final RecordedTraces traces = new RecordedTraces();
    private final HttpClient client = HttpClient.newHttpClient();
    private @Nullable ServiceMetrics metrics;
    private @Nullable Vertx vertx;
    private int port;

    @AfterEach
    void close() {
        client.close();
        if (vertx != null) {
            await(vertx.close());
        }
        if (metrics != null) {
            metrics.close();
        }
    }

    @Test
    void a_request_is_a_span_named_after_its_route() {
        start(traces.tracing());

        String traceparent = get("/things/7?secret=1").body();

        SpanData span = span();
        assertThat(span.getName()).isEqualTo("GET /things/:id");
        assertThat(span.getKind()).isEqualTo(SpanKind.SERVER);
        assertThat(span.getStatus().getStatusCode()).isEqualTo(StatusCode.UNSET);
        assertThat(span.getAttributes().asMap())
                .containsEntry(METHOD, "GET")
                .containsEntry(ROUTE, "/things/:id")
                .containsEntry(PATH, "/things/7")
                .containsEntry(STATUS, 200L);
        assertThat(span.getParentSpanId()).isEqualTo("0000000000000000");
        assertThat(traceparent).isEqualTo(RecordedTraces.traceparent(span));
    }

    @ParameterizedTest
    @CsvSource({"01,01", "03,03", "ff,ff"})
    void the_trace_of_the_caller_is_continued_with_its_flags(String given, String flags) {
        start(traces.tracing());

        String traceparent =
                get("/things/7", "00-" + TRACE + "-" + PARENT + "-" + given).body();

        SpanData span = span();
        assertThat(span.getTraceId()).isEqualTo(TRACE);
        assertThat(span.getParentSpanId()).isEqualTo(PARENT);
        assertThat(traceparent).isEqualTo("00-" + TRACE + "-" + span.getSpanId() + "-" + flags);
    }

    @ParameterizedTest
    @ValueSource(strings = {"00", "02"})
    void a_trace_that_the_caller_does_not_record_is_continued_without_spans(String flags) {
        start(traces.tracing());

        String traceparent =
                get("/things/7", "00-" + TRACE + "-" + PARENT + "-" + flags).body();

        assertThat(traceparent).matches("00-" + TRACE + "-[0-9a-f]{16}-" + flags);
        assertThat(get("/things/8").body()).doesNotContain(TRACE);
        assertThat(span().getAttributes().get(PATH)).isEqualTo("/things/8");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nonsense",
                "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"
            })
    void a_malformed_trace_context_begins_a_new_trace(String traceparent) {
        start(traces.tracing());

        String used = get("/things/7", traceparent).body();

        SpanData span = span();
        assertThat(span.getTraceId()).isNotEqualTo(TRACE);
        assertThat(span.getParentSpanId()).isEqualTo("0000000000000000");
        assertThat(used).isEqualTo(RecordedTraces.traceparent(span));
    }

    @Test
    void a_share_of_the_new_traces_is_recorded_and_all_that_the_caller_records() {
        RecordedTraces none = new RecordedTraces(0);
        start(none.tracing());

        assertThat(get("/things/7").body()).matches("00-[0-9a-f]{32}-[0-9a-f]{16}-02");
        assertThat(get("/things/8", "00-" + TRACE + "-" + PARENT + "-01").body())
                .endsWith("-01");

        Awaitility.await().until(() -> none.spans().size() == 1);
        assertThat(none.spans()).extracting(SpanData::getTraceId).containsExactly(TRACE);
    }

    @Test
    void a_failed_request_is_an_error_and_its_log_line_has_the_trace_id() {
        start(traces.tracing());

        try (LoggedTraceIds logged = new LoggedTraceIds("dev.lockstep.messaging.http.ProblemHandler")) {
            assertThat(get("/broken").statusCode()).isEqualTo(500);
            assertThat(logged.all()).containsExactly(span().getTraceId());
        }

        SpanData span = span();
        assertThat(span.getName()).isEqualTo("GET /broken");
        assertThat(span.getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
        assertThat(span.getAttributes().get(STATUS)).isEqualTo(500);
    }

    @Test
    void a_request_without_a_route_is_named_after_its_method_and_a_refusal_is_no_error() {
        start(traces.tracing());

        assertThat(get("/missing").statusCode()).isEqualTo(404);

        SpanData span = span();
        assertThat(span.getName()).isEqualTo("GET");
        assertThat(span.getStatus().getStatusCode()).isEqualTo(StatusCode.UNSET);
    }

    @Test
    void health_checks_and_scrapes_have_no_spans() {
        start(traces.tracing());

        get("/health/live");
        get("/metrics");
        get("/things/7");

        assertThat(span().getName()).isEqualTo("GET /things/:id");
    }

    @Test
    void without_tracing_the_trace_context_of_the_caller_is_passed_on_unchanged() {
        start(Tracing.OFF);

        assertThat(get("/things/7", "00-" + TRACE + "-" + PARENT + "-03").body())
                .isEqualTo("00-" + TRACE + "-" + PARENT + "-03");
        assertThat(get("/things/7", "nonsense").body()).isEqualTo("none");
        assertThat(traces.spans()).isEmpty();
    }

    @Test
    void the_histogram_of_response_times_refers_to_the_trace_of_a_request_in_open_metrics() {
        start(traces.tracing());
        get("/things/7");
        SpanData span = span();

        HttpResponse<String> scrape = send(
                request("/metrics").header("Accept", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"));

        assertThat(scrape.headers().firstValue("Content-Type"))
                .contains("application/openmetrics-text; version=1.0.0; charset=utf-8");
        assertThat(scrape.body()).endsWith("# EOF\n");
        assertThat(scrape.body().lines())
                .anySatisfy(line -> assertThat(line)
                        .startsWith("vertx_http_server_response_time_seconds_bucket{")
                        .contains("route=\"/things/:id\"")
                        .contains("# {")
                        .contains("trace_id=\"" + span.getTraceId() + "\"")
                        .contains("span_id=\"" + span.getSpanId() + "\""));
        HttpResponse<String> text = get("/metrics");
        assertThat(text.headers().firstValue("Content-Type")).contains("text/plain; version=0.0.4; charset=utf-8");
        assertThat(text.body()).doesNotContain("trace_id");
    }

    private void start(Tracing tracing) {
        Env env = new Env(Map.of(
                "HTTP_PORT", "0",
                "POSTGRES_URI", "postgresql://127.0.0.1/unused",
                "POSTGRES_USER", "unused",
                "POSTGRES_PASSWORD", "unused",
                "KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1"));
        ServiceConfig config = ServiceConfig.read(env, "edge-service", 8080);
        ServiceMetrics opened = new ServiceMetrics("edge-service", true);
        metrics = opened;
        Vertx started = opened.vertx(tracing);
        vertx = started;
        ServiceContext context = new ServiceContext(
                env.build("edge-service", () -> config), opened.registry(), new HealthChecks(), tracing.messages());
        ServiceRoutes routes = ServiceRoutes.open(started, context);
        routes.get(
                "/things/:id",
                Access.open(),
                ctx -> ctx.end(Optional.ofNullable(RequestTrace.of(ctx)).orElse("none")));
        routes.get("/broken", Access.open(), ctx -> ctx.fail(new IllegalStateException("broken")));
        port = await(HttpApi.listen(started, routes, context)).actualPort();
    }

    private SpanData span() {
        // A span ends after the response was sent.
        Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .until(() -> !traces.spans().isEmpty());
        assertThat(traces.spans()).hasSize(1);
        return traces.spans().getFirst();
    }

    private HttpResponse<String> get(String path) {
        return send(request(path));
    }

    private HttpResponse<String> get(String path, String traceparent) {
        return send(request(path).header(TraceContext.HEADER, traceparent));
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
    }

    private HttpResponse<String> send(HttpRequest.Builder request) {
        try {
            return Objects.requireNonNull(client.send(request.build(), HttpResponse.BodyHandlers.ofString()));
        } catch (IOException cause) {
            throw new IllegalStateException(cause);
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(cause);
        }
    }
}
