package dev.lockstep.saga;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.lockstep.runtime.PeerUnavailableException;
import dev.lockstep.runtime.Peers;
import dev.lockstep.runtime.Peers.Unavailable;
import dev.lockstep.runtime.auth.Credentials;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.json.JsonObject;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Searches this service and its peers for obstacles in the way of a saga's messages: parked keys, dead letters, and messages that a relay
 * has not sent. The result only informs operators; no saga depends on it.
 */
final class SagaDiagnosis {
    // Younger rows are most likely not stuck: the outbox lists rows as pending until the next heartbeat.
    private static final Duration PENDING_THRESHOLD = Duration.ofSeconds(5);

    private final Peers peers;
    private final Clock clock;

    SagaDiagnosis(Peers peers, Clock clock) {
        this.peers = peers;
        this.clock = clock;
    }

    /**
     * An obstacle in the way of a saga's messages.
     *
     * @param service the service that reported it
     * @param kind {@code parked}, {@code dead-letter} or {@code pending}
     * @param since when the obstacle arose
     * @param error the error, if there is one
     * @param path path under which that service shows the obstacle
     */
    record Obstacle(
            String service,
            String kind,
            @JsonUnwrapped Subject subject,
            @Nullable String since,
            @Nullable Integer attempts,
            @Nullable String error,
            String path) {}

    /**
     * The message of an obstacle.
     *
     * @param type message type, such as {@code ReserveStock}
     */
    record Subject(@Nullable String topic, @Nullable String type) {}

    /** The obstacles, oldest first, and the services that could not be queried. */
    record Result(
            List<Obstacle> obstacles,
            @JsonInclude(JsonInclude.Include.NON_EMPTY) List<Unavailable> unavailable) {}

    /**
     * Never fails. Services that do not respond are listed in the result.
     *
     * @param credentials those of the caller, with which the services are asked
     */
    Future<Result> diagnose(String orderId, Credentials credentials) {
        List<Obstacle> obstacles = new ArrayList<>();
        List<Unavailable> unavailable = new ArrayList<>();
        List<Future<Void>> asked = peers.names().stream()
                .map(service -> ask(service, orderId, credentials, obstacles, unavailable))
                .toList();
        return Future.join(asked).map(all -> {
            obstacles.sort(Comparator.comparing(Obstacle::since, Comparator.nullsLast(Comparator.naturalOrder())));
            return new Result(List.copyOf(obstacles), List.copyOf(unavailable));
        });
    }

    private Future<Void> ask(
            String service,
            String orderId,
            Credentials credentials,
            List<Obstacle> obstacles,
            List<Unavailable> unavailable) {
        Future<List<Obstacle>> parked = peers.list(service, "/parked-messages", query("key", orderId), credentials)
                .map(found -> found.data().stream()
                        .filter(message -> orderId.equals(message.getString("key")))
                        .map(message ->
                                toObstacle(service, "parked", message, "firstAt", "/parked-messages?key=" + orderId))
                        .toList());
        Future<List<Obstacle>> dead = peers.list(service, "/dead-letters", query("key", orderId), credentials)
                .map(found -> found.data().stream()
                        .filter(letter -> orderId.equals(letter.getString("key")))
                        .map(letter -> toObstacle(
                                service, "dead-letter", letter, "lastAt", "/dead-letters/" + letter.getValue("id")))
                        .toList());
        Future<List<Obstacle>> pending = peers.list(
                        service, "/outbox", query("aggregateId", orderId).add("state", "pending"), credentials)
                .map(found -> found.data().stream()
                        .filter(this::isOverdue)
                        .map(row -> toObstacle(service, "pending", row, "createdAt", "/outbox/" + row.getValue("id")))
                        .toList());
        List<Future<List<Obstacle>>> answers = List.of(parked, dead, pending);
        return Future.join(answers).transform(ended -> {
            answers.stream().filter(Future::succeeded).forEach(each -> obstacles.addAll(each.result()));
            if (ended.failed()) {
                unavailable.add(new Unavailable(service, PeerUnavailableException.reason(ended.cause())));
            }
            return Future.succeededFuture();
        });
    }

    private boolean isOverdue(JsonObject row) {
        return Instant.parse(row.getString("createdAt"))
                .isBefore(clock.instant().minus(PENDING_THRESHOLD));
    }

    private static Obstacle toObstacle(String service, String kind, JsonObject shown, String since, String path) {
        return new Obstacle(
                service,
                kind,
                new Subject(shown.getString("topic"), shown.getString("type")),
                shown.getString(since),
                shown.getInteger("attempts"),
                shown.getString("error"),
                path);
    }

    private static MultiMap query(String name, String value) {
        return MultiMap.caseInsensitiveMultiMap().addAll(Map.of(name, value, "limit", "100"));
    }
}
