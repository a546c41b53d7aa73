package dev.lockstep.bench.scenario;

import com.fasterxml.uuid.Generators;
import com.fasterxml.uuid.impl.TimeBasedEpochGenerator;
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
import dev.lockstep.bench.app.ConsumerApp;
import dev.lockstep.bench.process.BenchKafka;
import dev.lockstep.bench.process.BenchPostgres;
import dev.lockstep.bench.process.CpuMeter;
import dev.lockstep.bench.process.PgBench;
import dev.lockstep.bench.process.PgBench.Script;
import dev.lockstep.bench.process.ServiceUnderTest;
import dev.lockstep.bench.process.Waiting;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;

/**
 * 06: a consumer on a full topic. Each message is claimed in the inbox, changes a row and appends a row to the outbox. Every round uses new
 * consumer groups, which read the same topic from its start. The first fifth of the messages is not counted.
 */
final class ConsumerScenario implements Scenario {
    private static final int KEYS = 1_000;
    private static final int MESSAGES_OF_PGBENCH = 50;
    private static final Duration LIMIT = Duration.ofMinutes(10);
    private static final Duration POLL = Duration.ofMillis(20);
    private static final String SUBJECT = "consumer, batches";
    private static final String SINGLE = "consumer, one message a transaction";
    // The rows of 50 messages in one statement each, as a consumer would write them at best.
    private static final Script LIMIT_SCRIPT = new Script("50 messages a transaction", """
        \\set n :n + 1
        BEGIN;
        INSERT INTO inbox (message_id, consumer, topic, partition, "offset") SELECT uuidv7(), 'pgbench', 'bench.commands', 0, g FROM generate_series(1, 50) g;
        INSERT INTO bench_state AS s (key, handled) SELECT 'pgbench-' || :client_id || '-' || (:n * 50 + g) %% 1000, 1 FROM generate_series(1, 50) g ON CONFLICT (key) DO UPDATE SET handled = s.handled + 1;
        INSERT INTO outbox (aggregatetype, aggregateid, type, topic, payload, sequence) SELECT 'bench', 'pgbench-' || :client_id || '-' || (:n * 50 + g) %% 1000, 'Done', 'bench.events', convert_to('{"key":"key-1","text":"' || repeat('x', 200) || '"}', 'UTF8'), :n FROM generate_series(1, 50) g;
        COMMIT;
        """.replace("%%", "%"));

    private int groups;

    @Override
    public String id() {
        return "06";
    }

    @Override
    public String title() {
        return "Consumer of a full topic: inbox, state and outbox";
    }

    @Override
    public Set<String> tools() {
        return Set.of(PgBench.TOOL);
    }

    @Override
    public ScenarioResult run(Lab lab) {
        BenchPostgres postgres = BenchPostgres.start(lab, "bench");
        postgres.execute(ConsumerApp.TABLE);
        BenchKafka kafka = BenchKafka.start(lab);
        kafka.createTopic(ConsumerApp.TOPIC);
        int messages = lab.count(300_000, 6_000);
        fill(kafka, messages);
        PgBench pgbench = new PgBench(lab, postgres);
        PgBench.Load best =
                pgbench.fastest(List.of(LIMIT_SCRIPT), lab.quick() ? List.of(1) : List.of(1, 2, 4), lab.seconds(4, 1));
        CpuMeter cpu = new CpuMeter().tree("postgres", postgres.pid()).endedChildren("client");
        Duration time = lab.seconds(15, 2);

        List<Variant> variants = List.of(
                new Variant(best.describe(), Role.LIMIT, () -> {
                    postgres.checkpoint();
                    CpuMeter.Reading start = cpu.read();
                    double rate = pgbench.run(best, time) * MESSAGES_OF_PGBENCH;
                    Map<String, Double> values = CpuMeter.perUnit(start, cpu.read(), rate * time.toSeconds());
                    values.put(Metric.RATE, rate);
                    return values;
                }),
                new Variant(SUBJECT, Role.SUBJECT, () -> consume(lab, postgres, kafka, messages, Map.of())),
                // A tenth of the messages: it is about that much slower.
                new Variant(
                        SINGLE,
                        Role.PEER,
                        () -> consume(lab, postgres, kafka, messages / 10, Map.of("CONSUMER_MAX_BATCH", "1"))));
        Rounds.Measured rounds = Rounds.run(lab, variants, () -> {});
        List<Summary> summaries = ScenarioResult.summaries(variants, rounds);
        double limit = summaries.get(0).value(Metric.RATE);
        double subject = summaries.get(1).value(Metric.RATE);
        double single = summaries.get(2).value(Metric.RATE);
        return new ScenarioResult(
                id(),
                title(),
                "message",
                summaries,
                rounds,
                List.of(
                        Goal.atLeast("× pgbench", ScenarioResult.ratio(subject, limit), 0.8),
                        Goal.atLeast("× one message a transaction", ScenarioResult.ratio(subject, single), 10)),
                postgres.durableSettings());
    }

    private Map<String, Double> consume(
            Lab lab, BenchPostgres postgres, BenchKafka kafka, int messages, Map<String, String> more) {
        groups++;
        String group = "bench" + groups + "-service";
        postgres.checkpoint();
        Map<String, String> settings = new HashMap<>(postgres.connection());
        settings.put("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrapServers());
        settings.put("RELAY_ENABLED", "false");
        settings.put(ConsumerApp.GROUP, group);
        settings.putAll(more);
        try (ServiceUnderTest consumer =
                ServiceUnderTest.start(lab, "consumer", ConsumerApp.class, settings, "/health/live")) {
            CpuMeter cpu = new CpuMeter()
                    .tree("postgres", postgres.pid())
                    .process("consumer", consumer.pid())
                    .process("kafka", kafka.pid());
            awaitCommitted(consumer, kafka, group, messages / 5);
            CpuMeter.Reading start = cpu.read();
            long begun = System.nanoTime();
            long countedFrom = kafka.committed(group);
            awaitCommitted(consumer, kafka, group, messages);
            double counted = (double) kafka.committed(group) - countedFrom;
            double seconds = (System.nanoTime() - begun) / 1e9;
            Map<String, Double> values = CpuMeter.perUnit(start, cpu.read(), counted);
            values.put(Metric.RATE, counted / seconds);
            return values;
        }
    }

    private static void awaitCommitted(ServiceUnderTest consumer, BenchKafka kafka, String group, long messages) {
        Waiting.until("the consumer to handle " + messages + " messages", LIMIT, POLL, () -> {
            consumer.requireAlive();
            return kafka.committed(group) >= messages;
        });
    }

    /** Writes messages as a relay does: with ids, types, and sequence numbers for each key. */
    private static void fill(BenchKafka kafka, int messages) {
        TimeBasedEpochGenerator ids = Generators.timeBasedEpochGenerator();
        AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
        String[] previous = new String[KEYS];
        String text = "x".repeat(200);
        try (KafkaProducer<String, byte[]> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", kafka.bootstrapServers(), "acks", "all", "linger.ms", "20"),
                new StringSerializer(),
                new ByteArraySerializer())) {
            for (int i = 0; i < messages; i++) {
                String key = "key-" + i % KEYS;
                String id = ids.generate().toString();
                ProducerRecord<String, byte[]> record = new ProducerRecord<>(
                        ConsumerApp.TOPIC,
                        key,
                        "{\"key\":\"%s\",\"text\":\"%s\"}".formatted(key, text).getBytes(StandardCharsets.UTF_8));
                add(record.headers(), "ce_id", id);
                add(record.headers(), "ce_type", ConsumerApp.Work.class.getSimpleName());
                add(record.headers(), "ce_source", "/bench");
                add(record.headers(), "ce_sequence", "%020d".formatted(i / KEYS + 1));
                if (i >= KEYS) {
                    add(record.headers(), "ce_previousid", previous[i % KEYS]);
                }
                previous[i % KEYS] = id;
                var _ = producer.send(record, (metadata, cause) -> {
                    if (cause != null) {
                        failure.compareAndSet(null, cause);
                    }
                });
            }
            producer.flush();
        }
        Exception cause = failure.get();
        if (cause != null) {
            throw new BenchException("the topic could not be filled: " + cause.getMessage(), cause);
        }
    }

    private static void add(Headers headers, String name, String value) {
        headers.add(name, value.getBytes(StandardCharsets.UTF_8));
    }
}
