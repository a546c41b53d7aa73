package dev.lockstep.messaging;

import dev.lockstep.messaging.deadletter.DeadLetterCountStore;
import dev.lockstep.messaging.deadletter.ReplayStore;
import dev.lockstep.messaging.delivery.ParkedMessageQueries;
import dev.lockstep.messaging.outbox.OutboxQueries;
import dev.lockstep.messaging.schedule.PeriodicTask;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlClient;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads the state of the outbox, the dead letters and the parked messages every 2 s, for metrics and health. */
final class OutboxMetrics {
    private static final Duration INTERVAL = Duration.ofSeconds(2);

    private final Pool pool;
    private final Duration stalledAfter;
    private final MultiGauge deadLetters;
    private final MultiGauge held;
    private final PeriodicTask refreshes;
    private volatile OutboxQueries.@Nullable Summary summary;
    private volatile ParkedMessageQueries.Count parked = new ParkedMessageQueries.Count(0, 0);
    private volatile long runningReplays;
    private volatile @Nullable String readFailure;

    /** @param stalledAfter the age from which the last heartbeat acknowledged by Kafka counts as a problem */
    OutboxMetrics(Vertx vertx, Pool pool, Duration stalledAfter, MeterRegistry meters) {
        this.pool = pool;
        this.stalledAfter = stalledAfter;
        this.refreshes = new PeriodicTask(
                vertx, "reading outbox, parked messages and dead letters for their metrics", INTERVAL, this::refresh);
        Gauge.builder(
                        "lockstep.outbox.pending",
                        this,
                        metrics -> metrics.summary == null ? 0 : metrics.summary.pending())
                .description("outbox rows that Kafka has not acknowledged, up to 100,000")
                .register(meters);
        Gauge.builder(
                        "lockstep.outbox.oldest.pending.seconds",
                        this,
                        metrics -> metrics.summary == null ? 0 : metrics.summary.oldestPendingSeconds())
                .description("age of the oldest outbox row that Kafka has not acknowledged")
                .register(meters);
        Gauge.builder("lockstep.parked.keys", this, metrics -> metrics.parked.keys())
                .description("keys that have parked messages, among the first 100,000 parked messages")
                .register(meters);
        Gauge.builder("lockstep.parked.messages", this, metrics -> metrics.parked.messages())
                .description("parked messages, up to 100,000")
                .register(meters);
        Gauge.builder("lockstep.replays.running", this, metrics -> metrics.runningReplays)
                .description("replays of dead letters that are running")
                .register(meters);
        held = MultiGauge.builder("lockstep.outbox.held.rows")
                .description("outbox rows that are held back because Kafka refuses the topic or an earlier row")
                .register(meters);
        deadLetters = MultiGauge.builder("lockstep.dead.letters")
                .description("open dead letters, up to 100,000 for each topic and reason")
                .register(meters);
    }

    Future<Void> start() {
        return refreshes.start();
    }

    Future<Void> stop() {
        return refreshes.stop();
    }

    /**
     * Why the outbox is not relayed, judged by the age of the last heartbeat acknowledged by Kafka and by the topics that Kafka refuses.
     */
    Optional<String> problem() {
        OutboxQueries.Summary last = summary;
        String failure = readFailure;
        if (failure != null) {
            return Optional.of(failure);
        }
        if (last == null) {
            return Optional.of("the outbox has not been read yet");
        }
        if (last.acknowledgedSecondsAgo() * 1000 > stalledAfter.toMillis()) {
            return Optional.of(
                    "no relay: Kafka acknowledged the last heartbeat of this database %.0f s ago; pending rows: %d"
                            .formatted(last.acknowledgedSecondsAgo(), last.pending()));
        }
        return last.held().isEmpty()
                ? Optional.empty()
                : Optional.of(last.held().stream()
                        .map(OutboxQueries.HeldTopic::describe)
                        .collect(Collectors.joining("; ")));
    }

    private Future<Boolean> refresh() {
        return read("the outbox", OutboxQueries::summary, this::showSummary)
                .compose(next -> read("parked messages", ParkedMessageQueries::count, count -> parked = count))
                .compose(next -> read("replays", ReplayStore::countRunning, running -> runningReplays = running))
                .compose(next -> read("dead letters", DeadLetterCountStore::countByReason, this::showDeadLetters))
                .onSuccess(done -> readFailure = null)
                .map(false);
    }

    private <T> Future<T> read(String what, Function<SqlClient, Future<T>> query, Consumer<T> show) {
        return query.apply(pool)
                .onSuccess(show::accept)
                .onFailure(cause -> readFailure = what + " cannot be read: " + cause.getMessage());
    }

    private void showSummary(OutboxQueries.Summary read) {
        summary = read;
        held.register(
                read.held().stream()
                        .map(topic -> MultiGauge.Row.of(Tags.of("topic", topic.topic()), topic.rows()))
                        .toList(),
                true);
    }

    private void showDeadLetters(List<DeadLetterCountStore.Count> counts) {
        deadLetters.register(
                counts.stream()
                        .map(count -> MultiGauge.Row.of(
                                Tags.of("topic", count.topic(), "reason", count.reason()), count.count()))
                        .toList(),
                true);
    }
}
