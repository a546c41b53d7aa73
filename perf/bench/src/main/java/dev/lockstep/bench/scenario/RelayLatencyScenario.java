package dev.lockstep.bench.scenario;

import dev.lockstep.bench.BenchException;
import dev.lockstep.bench.Goal;
import dev.lockstep.bench.Lab;
import dev.lockstep.bench.Metric;
import dev.lockstep.bench.Rounds;
import dev.lockstep.bench.Scenario;
import dev.lockstep.bench.ScenarioResult;
import dev.lockstep.bench.ScenarioResult.Summary;
import dev.lockstep.bench.Variant;
import dev.lockstep.bench.Variant.Role;
import dev.lockstep.bench.app.BareServiceApp;
import dev.lockstep.bench.load.Client;
import dev.lockstep.bench.load.LoadResult;
import dev.lockstep.bench.load.OpenLoop;
import dev.lockstep.bench.process.BenchKafka;
import dev.lockstep.bench.process.BenchPostgres;
import dev.lockstep.bench.process.CpuMeter;
import dev.lockstep.bench.process.ServiceUnderTest;
import dev.lockstep.bench.process.Waiting;
import dev.lockstep.embedded.LocalPostgres;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.messaging.outbox.OutboxMessage;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiFunction;
import org.HdrHistogram.Histogram;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * 05: the time from a commit until the row is readable on Kafka, at 1,000 rows a second, one row a transaction. The limit is a producer
 * that sends the same records directly, with {@code acks=all}.
 */
final class RelayLatencyScenario implements Scenario {
    private static final double PER_SECOND = 1_000;
    private static final int MAX_IN_FLIGHT = 4_096;
    private static final Duration ARRIVAL_LIMIT = Duration.ofSeconds(30);
    private static final byte[] PAYLOAD = "x".repeat(300).getBytes(StandardCharsets.UTF_8);
    private static final String COMMIT = "commit.";

    private final AtomicLong number = new AtomicLong();
    // Keyed by the keys of the records that have not been read yet.
    private final Map<String, Sent> sent = new ConcurrentHashMap<>();

    /** When a record was to be sent, and when that was acknowledged. */
    private record Sent(long intended, Promise<Long> acknowledged) {}

    @Override
    public String id() {
        return "05";
    }

    @Override
    public String title() {
        return "Commit to readable on Kafka, 1,000 rows/s";
    }

    @Override
    public ScenarioResult run(Lab lab) {
        BenchPostgres postgres = BenchPostgres.start(lab, "bench");
        BenchKafka kafka = BenchKafka.start(lab);
        kafka.createTopic(BareServiceApp.TOPIC);
        Map<String, String> settings = new HashMap<>(postgres.connection());
        settings.put("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrapServers());
        ServiceUnderTest relay = ServiceUnderTest.start(lab, "relay", BareServiceApp.class, settings, "/health/live");
        Client client = lab.resources().add(new Client(1));
        Pool pool = pool(client, postgres);
        lab.resources().add(() -> Client.await(pool.close(), ARRIVAL_LIMIT));
        KafkaProducer<String, byte[]> producer = lab.resources()
                .add(new KafkaProducer<>(
                        Map.of("bootstrap.servers", kafka.bootstrapServers(), "acks", "all", "linger.ms", "0"),
                        new StringSerializer(),
                        new ByteArraySerializer()));
        CpuMeter cpu = new CpuMeter()
                .tree("postgres", postgres.pid())
                .process("relay", relay.pid())
                .process("kafka", kafka.pid())
                .self("client");
        Outbox outbox = new Outbox();
        BiFunction<String, Long, Future<?>> viaOutbox = (key, intended) -> outbox.append(
                pool, List.of(new OutboxMessage("bench", key, "Done", BareServiceApp.TOPIC, PAYLOAD, null, true)));
        BiFunction<String, Long, Future<?>> direct = (key, intended) -> produce(client, producer, key);

        List<Variant> variants = List.of(
                new Variant("producer", Role.LIMIT, () -> measure(lab, kafka, client, cpu, direct)),
                new Variant("outbox and relay", Role.SUBJECT, () -> measure(lab, kafka, client, cpu, viaOutbox)));
        Rounds.Measured rounds = Rounds.run(lab, variants, relay::requireAlive);
        List<Summary> summaries = ScenarioResult.summaries(variants, rounds);
        Summary subject = summaries.get(1);
        return new ScenarioResult(
                id(),
                title(),
                "row",
                summaries,
                rounds,
                List.of(
                        Goal.atMost("p50 in ms since the commit", subject.value(COMMIT + Metric.P50), 8),
                        Goal.atMost("p99 in ms since the commit", subject.value(COMMIT + Metric.P99), 25)),
                postgres.durableSettings());
    }

    private Map<String, Double> measure(
            Lab lab, BenchKafka kafka, Client client, CpuMeter cpu, BiFunction<String, Long, Future<?>> send) {
        Duration time = lab.seconds(30, 3);
        Histogram fromIntended = LoadResult.newHistogram();
        Histogram fromCommit = LoadResult.newHistogram();
        try (TopicWatch watch = TopicWatch.start(
                kafka.bootstrapServers(),
                BenchKafka.partitions(BareServiceApp.TOPIC),
                (topic, key, at) ->
                        client.context().runOnContext(read -> readable(key, at, fromIntended, fromCommit)))) {
            load(client, lab.seconds(10, 2), send);
            awaitArrival(watch);
            client.call(() -> {
                fromIntended.reset();
                fromCommit.reset();
                return true;
            });
            CpuMeter.Reading start = cpu.read();
            LoadResult result = load(client, time, send);
            awaitArrival(watch);
            Map<String, Double> values =
                    new TreeMap<>(CpuMeter.perUnit(start, cpu.read(), (double) result.completed()));
            values.put(Metric.RATE, result.perSecond());
            values.putAll(client.call(() -> LoadResult.percentiles(fromIntended, "")));
            values.putAll(client.call(() -> LoadResult.percentiles(fromCommit, COMMIT)));
            return values;
        }
    }

    private LoadResult load(Client client, Duration time, BiFunction<String, Long, Future<?>> send) {
        return Client.await(
                        OpenLoop.run(
                                client.context(), PER_SECOND, MAX_IN_FLIGHT, time, intended -> sendOne(intended, send)),
                        time.plusSeconds(60))
                .complete("rows");
    }

    private Future<?> sendOne(long intended, BiFunction<String, Long, Future<?>> send) {
        String key = "key-" + number.incrementAndGet();
        Promise<Long> acknowledged = Promise.promise();
        sent.put(key, new Sent(intended, acknowledged));
        return send.apply(key, intended)
                .onSuccess(done -> acknowledged.complete(System.nanoTime()))
                .onFailure(acknowledged::fail);
    }

    // On the context of the client. A record may be readable before its sender knows that it was committed; its latency
    // since the commit is then 0.
    private void readable(String key, long at, Histogram fromIntended, Histogram fromCommit) {
        Sent found = sent.remove(key);
        if (found != null) {
            LoadResult.record(fromIntended, at - found.intended());
            found.acknowledged().future().onSuccess(commit -> LoadResult.record(fromCommit, Math.max(0, at - commit)));
        }
    }

    private void awaitArrival(TopicWatch watch) {
        Waiting.until("all rows to be readable on Kafka", ARRIVAL_LIMIT, () -> {
            watch.requireAlive();
            return sent.isEmpty();
        });
    }

    private static Future<?> produce(Client client, KafkaProducer<String, byte[]> producer, String key) {
        Promise<Boolean> done = Promise.promise();
        var _ = producer.send(
                new ProducerRecord<>(BareServiceApp.TOPIC, key, PAYLOAD),
                (metadata, failure) -> client.context().runOnContext(acknowledged -> {
                    if (failure == null) {
                        done.complete(true);
                    } else {
                        done.fail(new BenchException("Kafka refused a record: " + failure.getMessage(), failure));
                    }
                }));
        return done.future();
    }

    private static Pool pool(Client client, BenchPostgres postgres) {
        return PgBuilder.pool()
                .connectingTo(PgConnectOptions.fromUri(postgres.uri())
                        .setUser(LocalPostgres.USER)
                        .setPassword(LocalPostgres.PASSWORD)
                        .setCachePreparedStatements(true))
                .with(new PoolOptions().setMaxSize(8))
                .using(client.vertx())
                .build();
    }
}
