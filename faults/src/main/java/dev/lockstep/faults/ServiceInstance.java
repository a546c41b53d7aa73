package dev.lockstep.faults;

import dev.lockstep.embedded.TcpProxy;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Optional;

/**
 * One process of a service.
 *
 * @param kafkaProxy the network between this process and Kafka; no other process uses it
 */
record ServiceInstance(SupervisedProcess process, int port, TcpProxy kafkaProxy, HttpClient http)
        implements AutoCloseable {
    private static final String LEADER = "lockstep_relay_leader{";

    String name() {
        return process.name();
    }

    boolean isReady() {
        return get("/health/ready").isPresent();
    }

    /** Whether its metrics say that its relay is the leader. */
    boolean isLeader() {
        return get("/metrics").stream()
                .flatMap(String::lines)
                .anyMatch(line -> line.startsWith(LEADER) && line.endsWith(" 1.0"));
    }

    /** The value of a metric, summed over its series; 0 if there is none. */
    double metric(String name) {
        return get("/metrics").stream()
                .flatMap(String::lines)
                .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    @Override
    public void close() {
        process.close();
    }

    private Optional<String> get(String path) {
        try {
            HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                    .timeout(Duration.ofSeconds(5))
                    .build();
            return Optional.of(http.send(request, BodyHandlers.ofString()))
                    .filter(answer -> answer.statusCode() == 200)
                    .map(answer -> answer.body());
        } catch (IOException away) {
            return Optional.empty();
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            throw new FaultsException("interrupted", cause);
        }
    }
}
