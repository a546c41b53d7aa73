package dev.lockstep.runtime;

import dev.lockstep.runtime.tracing.TraceExport;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads the settings of traces. Their names and values are those of OpenTelemetry. */
final class TracingConfig {
    private static final String ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private static final String HEADERS = "OTEL_EXPORTER_OTLP_HEADERS";
    private static final String PROTOCOL = "OTEL_EXPORTER_OTLP_PROTOCOL";
    private static final String TIMEOUT = "OTEL_EXPORTER_OTLP_TIMEOUT";
    private static final String SAMPLER = "OTEL_TRACES_SAMPLER";
    private static final String RATIO = "OTEL_TRACES_SAMPLER_ARG";
    private static final String SERVICE_NAME = "OTEL_SERVICE_NAME";
    private static final String BY_RATIO = "parentbased_traceidratio";
    private static final int DEFAULT_TIMEOUT_MILLIS = 10_000;
    private static final int MAX_TIMEOUT_MILLIS = 60_000;
    private static final int MAX_NAME_LENGTH = 255;
    private static final Pattern HEADER_NAME = Pattern.compile("[A-Za-z0-9!#$%&'*+.^_`|~-]+");

    private TracingConfig() {}

    /** Returns null if traces are off. {@link Env#build} reports problems with the settings. */
    static @Nullable TraceExport read(Env env, String service) {
        URI endpoint = endpoint(env);
        Map<String, String> headers = headers(env);
        double ratio = ratio(env);
        String name = env.string(SERVICE_NAME, service);
        env.check(
                name.length() <= MAX_NAME_LENGTH,
                SERVICE_NAME + " may have at most " + MAX_NAME_LENGTH + " characters, but has " + name.length());
        int millis = env.integer(TIMEOUT, DEFAULT_TIMEOUT_MILLIS);
        env.check(
                millis >= 1 && millis <= MAX_TIMEOUT_MILLIS,
                TIMEOUT + " must be from 1 to " + MAX_TIMEOUT_MILLIS + " milliseconds, but was " + millis);
        String protocol = env.string(PROTOCOL, "http/protobuf");
        env.check(
                protocol.equals("http/protobuf"),
                PROTOCOL + " must be http/protobuf, the only protocol that services send, but was \"" + protocol
                        + "\"; receivers of OTLP accept it on port 4318");
        return endpoint == null ? null : new TraceExport(endpoint, headers, ratio, name, Duration.ofMillis(millis));
    }

    private static @Nullable URI endpoint(Env env) {
        String text = env.string(ENDPOINT, "");
        if (text.isEmpty()) {
            return null;
        }
        try {
            URI uri = new URI(text);
            boolean valid = List.of("http", "https").contains(String.valueOf(uri.getScheme()))
                    && uri.getHost() != null
                    && uri.getQuery() == null
                    && uri.getFragment() == null;
            env.check(
                    valid && uri.getUserInfo() == null,
                    valid
                            ? ENDPOINT + " must not contain a user or password, which are visible: use " + HEADERS
                            : ENDPOINT + " must be the base URL of an OTLP receiver, such as http://127.0.0.1:4318,"
                                    + " but was \"" + text + "\"");
            return valid ? uri : null;
        } catch (URISyntaxException e) {
            env.check(
                    false,
                    ENDPOINT + " must be the base URL of an OTLP receiver, such as http://127.0.0.1:4318, but was \""
                            + text + "\"");
            return null;
        }
    }

    // name=value,name=value, with percent-encoded values. The value is a secret, so problems do not quote it.
    private static Map<String, String> headers(Env env) {
        Map<String, String> headers = new LinkedHashMap<>();
        String text = env.secret(HEADERS).map(Secret::value).orElse("").strip();
        if (text.isEmpty()) {
            return headers;
        }
        boolean valid = true;
        for (String pair : text.split(",", -1)) {
            int equals = pair.indexOf('=');
            String name = equals < 0 ? "" : pair.substring(0, equals).strip();
            String value =
                    equals < 0 ? null : decoded(pair.substring(equals + 1).strip());
            if (value == null || !HEADER_NAME.matcher(name).matches()) {
                valid = false;
            } else {
                headers.put(name, value);
            }
        }
        env.check(
                valid,
                HEADERS + " must be name=value pairs separated by commas, with percent-encoded values, such as"
                        + " authorization=Bearer%20TOKEN; its value is not shown");
        return headers;
    }

    // A plus sign stands for itself, unlike in forms.
    private static @Nullable String decoded(String value) {
        try {
            String decoded = URLDecoder.decode(value.replace("+", "%2B"), StandardCharsets.UTF_8);
            return decoded.chars().allMatch(each -> each >= ' ' && each < 127) ? decoded : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static double ratio(Env env) {
        String sampler = env.oneOf(SAMPLER, "parentbased_always_on", "parentbased_always_on", BY_RATIO);
        String text = env.string(RATIO, "");
        if (!sampler.equals(BY_RATIO)) {
            env.check(
                    text.isEmpty(),
                    RATIO + " has no effect with the sampler " + sampler + ": set " + SAMPLER + "=" + BY_RATIO
                            + ", or remove " + RATIO);
            return 1;
        }
        double ratio = text.isEmpty() ? 1 : parsed(text);
        env.check(ratio >= 0 && ratio <= 1, RATIO + " must be from 0 to 1, but was \"" + text + "\"");
        return ratio;
    }

    private static double parsed(String text) {
        try {
            return Double.parseDouble(text);
        } catch (NumberFormatException e) {
            return Double.NaN;
        }
    }
}
