package dev.lockstep.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.lockstep.runtime.tracing.TraceExport;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class TracingConfigTest {
    private static final String ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private static final String HEADERS = "OTEL_EXPORTER_OTLP_HEADERS";

    @ParameterizedTest
    @ValueSource(strings = {"", "  "})
    void traces_are_off_without_a_receiver(String blank) {
        assertThat(read(Map.of(ENDPOINT, blank))).isNull();
    }

    @Test
    void all_traces_are_recorded_under_the_name_of_the_service_by_default() {
        assertThat(read(Map.of(ENDPOINT, "http://127.0.0.1:4318")))
                .isEqualTo(new TraceExport(
                        URI.create("http://127.0.0.1:4318"), Map.of(), 1, "order-service", Duration.ofSeconds(10)));
    }

    @Test
    void every_setting_is_read() {
        assertThat(read(Map.of(
                        ENDPOINT,
                        "https://traces.example/otlp/",
                        HEADERS,
                        "authorization=Bearer%20a+b%3D, x-tenant=shop",
                        "OTEL_EXPORTER_OTLP_TIMEOUT",
                        "2500",
                        "OTEL_EXPORTER_OTLP_PROTOCOL",
                        "http/protobuf",
                        "OTEL_SERVICE_NAME",
                        "orders",
                        "OTEL_TRACES_SAMPLER",
                        "parentbased_traceidratio",
                        "OTEL_TRACES_SAMPLER_ARG",
                        "0.25")))
                .isEqualTo(new TraceExport(
                        URI.create("https://traces.example/otlp/"),
                        Map.of("authorization", "Bearer a+b=", "x-tenant", "shop"),
                        0.25,
                        "orders",
                        Duration.ofMillis(2_500)));
    }

    @Test
    void headers_are_not_printed() {
        TraceExport export = read(Map.of(ENDPOINT, "http://127.0.0.1:4318", HEADERS, "authorization=hunter2"));

        assertThat(Objects.requireNonNull(export).toString())
                .contains("127.0.0.1:4318")
                .doesNotContain("hunter2");
        assertThat(problems(Map.of(ENDPOINT, "http://127.0.0.1:4318", HEADERS, "hunter2")))
                .containsExactly(
                        "OTEL_EXPORTER_OTLP_HEADERS must be name=value pairs separated by commas, with percent-encoded"
                                + " values, such as authorization=Bearer%20TOKEN; its value is not shown");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a b=c", "=c", "a=b,", "a=%zz", "a=%0d%0a", "a=%e4"})
    void malformed_headers_are_refused(String headers) {
        assertThat(problems(Map.of(ENDPOINT, "http://127.0.0.1:4318", HEADERS, headers)))
                .hasSize(1)
                .allSatisfy(problem -> assertThat(problem).startsWith(HEADERS));
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1:4318", "grpc://127.0.0.1:4317", "http://", "http://h/?a=b", "http://a b"})
    void an_endpoint_that_is_no_base_url_is_refused(String endpoint) {
        assertThat(problems(Map.of(ENDPOINT, endpoint)))
                .containsExactly("OTEL_EXPORTER_OTLP_ENDPOINT must be the base URL of an OTLP receiver, such as"
                        + " http://127.0.0.1:4318, but was \"" + endpoint + "\"");
    }

    @Test
    void an_endpoint_with_a_password_is_refused_without_printing_it() {
        assertThat(problems(Map.of(ENDPOINT, "http://me:hunter2@127.0.0.1:4318")))
                .containsExactly("OTEL_EXPORTER_OTLP_ENDPOINT must not contain a user or password, which are visible:"
                        + " use OTEL_EXPORTER_OTLP_HEADERS");
    }

    @ParameterizedTest
    @CsvSource({
        "OTEL_TRACES_SAMPLER, always_on, one of parentbased_always_on; parentbased_traceidratio",
        "OTEL_EXPORTER_OTLP_PROTOCOL, grpc, http/protobuf",
        "OTEL_EXPORTER_OTLP_TIMEOUT, 0, from 1 to 60000 milliseconds",
        "OTEL_EXPORTER_OTLP_TIMEOUT, PT1S, a whole number"
    })
    void values_outside_of_the_supported_ones_are_refused(String setting, String value, String expected) {
        assertThat(problems(Map.of(ENDPOINT, "http://127.0.0.1:4318", setting, value)))
                .hasSize(1)
                .allSatisfy(
                        problem -> assertThat(problem).startsWith(setting + " must be " + expected.replace(';', ',')));
    }

    @ParameterizedTest
    @ValueSource(strings = {"1.1", "-0.1", "NaN", "half"})
    void a_ratio_outside_of_0_to_1_is_refused(String ratio) {
        assertThat(problems(Map.of(
                        ENDPOINT,
                        "http://127.0.0.1:4318",
                        "OTEL_TRACES_SAMPLER",
                        "parentbased_traceidratio",
                        "OTEL_TRACES_SAMPLER_ARG",
                        ratio)))
                .containsExactly("OTEL_TRACES_SAMPLER_ARG must be from 0 to 1, but was \"" + ratio + "\"");
    }

    @Test
    void a_ratio_without_its_sampler_is_refused() {
        assertThat(problems(Map.of(ENDPOINT, "http://127.0.0.1:4318", "OTEL_TRACES_SAMPLER_ARG", "0.1")))
                .containsExactly("OTEL_TRACES_SAMPLER_ARG has no effect with the sampler parentbased_always_on: set"
                        + " OTEL_TRACES_SAMPLER=parentbased_traceidratio, or remove OTEL_TRACES_SAMPLER_ARG");
    }

    private static @Nullable TraceExport read(Map<String, String> environment) {
        Env env = new Env(environment);
        TraceExport export = TracingConfig.read(env, "order-service");
        env.build("order-service", () -> "no problem");
        return export;
    }

    private static List<String> problems(Map<String, String> environment) {
        return catchThrowableOfType(SettingsException.class, () -> read(environment))
                .problems();
    }
}
