package dev.lockstep.bench.process;

import dev.lockstep.bench.BenchException;
import dev.lockstep.bench.Lab;
import dev.lockstep.embedded.FreePorts;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A service in a process of its own, as it is deployed. */
public final class ServiceUnderTest implements AutoCloseable {
    private static final Duration START_LIMIT = Duration.ofMinutes(2);
    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(2);
    private static final String HEAP = "256m";

    private final ChildProcess process;
    private final URI uri;

    private ServiceUnderTest(ChildProcess process, URI uri) {
        this.process = process;
        this.uri = uri;
    }

    /**
     * Starts a service and returns once it answers on {@code path} with 200. The caller closes it; at the latest the lab does.
     *
     * @param path {@code /health/live} or {@code /health/ready}
     */
    public static ServiceUnderTest start(
            Lab lab, String name, Class<?> main, Map<String, String> settings, String path) {
        int port = FreePorts.any();
        Map<String, String> environment = new HashMap<>(settings);
        environment.put("HTTP_PORT", String.valueOf(port));
        ChildProcess process = lab.resources()
                .add(ChildProcess.start(name, JavaProgram.command(main, HEAP, List.of()), environment, lab.log(name)));
        URI uri = URI.create("http://127.0.0.1:" + port);
        try (HttpClient http = HttpClient.newHttpClient()) {
            process.await("to answer on " + path, START_LIMIT, () -> answers(http, uri.resolve(path)));
        }
        return new ServiceUnderTest(process, uri);
    }

    /** Whether the address answers with 200. */
    public static boolean answers(HttpClient http, URI uri) {
        try {
            HttpRequest request =
                    HttpRequest.newBuilder(uri).timeout(ANSWER_LIMIT).build();
            return http.send(request, BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException notYet) {
            return false;
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            throw new BenchException("interrupted", cause);
        }
    }

    public URI uri(String path) {
        return uri.resolve(path);
    }

    public long pid() {
        return process.pid();
    }

    public void requireAlive() {
        process.requireAlive();
    }

    @Override
    public void close() {
        process.close();
    }
}
