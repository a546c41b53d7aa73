package dev.lockstep.bench.scenario;

import dev.lockstep.bench.BenchException;
import dev.lockstep.bench.load.Client;
import dev.lockstep.bench.load.LoadResult;
import dev.lockstep.bench.process.Waiting;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicPartition;

/**
 * Follows orders from their acceptance to their outcome on Kafka. Confined to the event loop of the client, except for
 * {@link #awaitAll}.
 */
final class OrderTracker implements AutoCloseable {
    private static final String CONFIRMED = "order.confirmed";
    private static final String CANCELLED = "order.cancelled";
    private static final long REQUEST_SECONDS = 30;

    private final Client client;
    private final Map<String, Accepted> waiting = new HashMap<>();
    // Outcomes that were read before the answer to the request.
    private final Map<String, Outcome> early = new HashMap<>();
    private final Histogram sinceIntended = LoadResult.newHistogram();
    private final Histogram sinceAccepted = LoadResult.newHistogram();
    private final TopicWatch watch;
    private long confirmed;
    private long cancelled;
    private long lastConfirmed;

    private record Accepted(long intended, long answered) {}

    private record Outcome(boolean confirmed, long at) {}

    private OrderTracker(Client client, String bootstrapServers) {
        this.client = client;
        this.watch = TopicWatch.start(
                bootstrapServers,
                partitions(bootstrapServers),
                (topic, orderId, at) -> client.context()
                        .runOnContext(read -> ended(orderId, new Outcome(topic.equals(CONFIRMED), at))));
    }

    static OrderTracker start(Client client, String bootstrapServers) {
        return new OrderTracker(client, bootstrapServers);
    }

    /** Notes that an order was answered 202 just now. */
    void accepted(String orderId, long intended) {
        Accepted accepted = new Accepted(intended, System.nanoTime());
        Outcome ended = early.remove(orderId);
        if (ended == null) {
            waiting.put(orderId, accepted);
        } else {
            record(accepted, ended);
        }
    }

    /** The number of orders that were confirmed since the last reset. */
    long confirmed() {
        return confirmed;
    }

    /** The number of orders that were cancelled since the last reset, because a step took longer than its deadline. */
    long cancelled() {
        return cancelled;
    }

    /** The {@link System#nanoTime()} at which the confirmation of the last order was read. */
    long lastConfirmed() {
        return lastConfirmed;
    }

    /** Latencies since the time at which the orders were to be placed. */
    Map<String, Double> sinceIntended(String prefix) {
        return LoadResult.percentiles(sinceIntended, prefix);
    }

    /** Latencies since the answers 202. */
    Map<String, Double> sinceAccepted(String prefix) {
        return LoadResult.percentiles(sinceAccepted, prefix);
    }

    /** Forgets what was measured, and returns the number of orders that have no outcome yet. */
    int reset() {
        sinceIntended.reset();
        sinceAccepted.reset();
        confirmed = 0;
        cancelled = 0;
        return waiting.size();
    }

    /**
     * Waits until all accepted orders have ended.
     *
     * @throws BenchException if they have not within the limit
     */
    void awaitAll(Duration limit) {
        Waiting.until("all orders to be confirmed or cancelled", limit, () -> {
            watch.requireAlive();
            return client.call(waiting::isEmpty);
        });
    }

    @Override
    public void close() {
        watch.close();
    }

    private void ended(String orderId, Outcome outcome) {
        Accepted accepted = waiting.remove(orderId);
        if (accepted == null) {
            early.put(orderId, outcome);
        } else {
            record(accepted, outcome);
        }
    }

    private void record(Accepted accepted, Outcome outcome) {
        if (!outcome.confirmed()) {
            cancelled++;
            return;
        }
        confirmed++;
        lastConfirmed = Math.max(lastConfirmed, outcome.at());
        LoadResult.record(sinceIntended, outcome.at() - accepted.intended());
        LoadResult.record(sinceAccepted, Math.max(0, outcome.at() - accepted.answered()));
    }

    private static Collection<TopicPartition> partitions(String bootstrapServers) {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
            Map<String, TopicDescription> topics = admin.describeTopics(List.of(CONFIRMED, CANCELLED))
                    .allTopicNames()
                    .get(REQUEST_SECONDS, TimeUnit.SECONDS);
            return topics.values().stream().flatMap(topic -> partitions(topic)).toList();
        } catch (ExecutionException | TimeoutException cause) {
            throw new BenchException("the topics of the orders cannot be read: " + cause.getMessage(), cause);
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            throw new BenchException("interrupted", cause);
        }
    }

    private static Stream<TopicPartition> partitions(TopicDescription topic) {
        return topic.partitions().stream().map(partition -> new TopicPartition(topic.name(), partition.partition()));
    }
}
