package dev.lockstep.relay;

import dev.lockstep.testing.TestServers;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Measures throughput, latency and CPU time of the relay, with Postgres, Kafka and the reader on the same machine. Run by hand; see the
 * README.
 */
final class RelayBenchmark {
    private static final int PRELOADED = 200_000;
    private static final int LATENCY_SECONDS = 30;
    private static final int RATE = 300;
    private static final String PAYLOAD =
            "{\"orderId\":\"%s\",\"userId\":\"u123\",\"items\":[{\"productId\":\"p1\",\"qty\":2}]," + "\"note\":\""
                    + "x".repeat(200) + "\"}";

    private static final Pattern RELAY_THREAD =
            Pattern.compile("relay-|debezium-|pool-|kafka-producer-network-thread \\| relay-");

    private RelayBenchmark() {}

    public static void main(String[] arguments) throws Exception {
        try (OutboxFixture outbox = OutboxFixture.create()) {
            OutboxRelay relay = outbox.relay();
            preload(outbox);
            throughput(outbox, relay);
            latency(outbox);
        }
        System.exit(0);
    }

    private static void preload(OutboxFixture outbox) {
        // Inserts a hundred rows in each transaction, like services that write in batches.
        outbox.execute("""
                DO $$ BEGIN
                  FOR i IN 1..%d LOOP
                    INSERT INTO outbox (aggregatetype, aggregateid, type, payload, topic, traceparent)
                    SELECT 'order', 'o-' || (i * 100 + n), 'OrderCreated', convert_to('%s', 'UTF8'), '%s',
                           '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
                      FROM generate_series(1, 100) n;
                    COMMIT;
                  END LOOP;
                END $$
                """.formatted(PRELOADED / 100, PAYLOAD.formatted("o-1"), outbox.topic()));
    }

    private static void throughput(OutboxFixture outbox, OutboxRelay relay) {
        long cpuBefore = cpu();
        long start = System.nanoTime();
        relay.start();
        long first = 0;
        try (KafkaConsumer<String, String> consumer = consumer(outbox.topic())) {
            long end = 0;
            while (end < PRELOADED) {
                end = consumer.endOffsets(consumer.assignment()).values().stream()
                        .mapToLong(Long::longValue)
                        .sum();
                if (first == 0 && end > 0) {
                    first = System.nanoTime();
                }
                LockSupport.parkNanos(20_000_000);
            }
        }
        double seconds = (System.nanoTime() - first) / 1e9;
        print("rows/s %.0f (%d rows in %.2f s; first row %.2f s after start; relay CPU %.1f us/row)"
                .formatted(
                        PRELOADED / seconds,
                        PRELOADED,
                        seconds,
                        (first - start) / 1e9,
                        (cpu() - cpuBefore) / 1e3 / PRELOADED));
    }

    private static void latency(OutboxFixture outbox) throws Exception {
        Map<String, Long> committed = new ConcurrentHashMap<>();
        Map<String, Long> latencies = new ConcurrentHashMap<>();
        int total = RATE * LATENCY_SECONDS;
        CountDownLatch ready = new CountDownLatch(1);
        Thread reader = Thread.ofPlatform().daemon().start(() -> {
            try (KafkaConsumer<String, String> consumer = consumer(outbox.topic())) {
                consumer.seekToEnd(consumer.assignment());
                consumer.assignment().forEach(consumer::position);
                ready.countDown();
                while (latencies.size() < total) {
                    for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(100))) {
                        latencies.put(record.key(), System.nanoTime());
                    }
                }
            }
        });
        ready.await();
        long cpuBefore = cpu();
        long begin = System.nanoTime();
        try (Connection connection = outbox.connect();
                PreparedStatement insert = connection.prepareStatement(
                        "INSERT INTO outbox (aggregatetype, aggregateid, type, payload, topic) VALUES ('order', ?, 'OrderCreated', ?, ?)")) {
            connection.setAutoCommit(false);
            for (int i = 0; i < total; i++) {
                long due = begin + i * 1_000_000_000L / RATE;
                LockSupport.parkNanos(due - System.nanoTime());
                String key = "l-" + i;
                insert.setString(1, key);
                insert.setBytes(2, PAYLOAD.formatted(key).getBytes(StandardCharsets.UTF_8));
                insert.setString(3, outbox.topic());
                insert.executeUpdate();
                connection.commit();
                committed.put(key, System.nanoTime());
            }
        }
        double seconds = (System.nanoTime() - begin) / 1e9;
        double cpu = (cpu() - cpuBefore) / 1e9 / seconds * 100;
        reader.join();
        long[] sorted = latencies.entrySet().stream()
                .filter(entry -> committed.containsKey(entry.getKey()))
                .mapToLong(entry -> entry.getValue() - committed.getOrDefault(entry.getKey(), entry.getValue()))
                .sorted()
                .toArray();
        print(
                "latency commit to consumer at %d rows/s, %d rows: p50 %.1f ms, p90 %.1f, p99 %.1f ms, max %.1f ms; relay CPU %.1f %% of a core"
                        .formatted(
                                RATE,
                                sorted.length,
                                at(sorted, 0.5),
                                at(sorted, 0.9),
                                at(sorted, 0.99),
                                at(sorted, 1),
                                cpu));
        cpuBefore = cpu();
        begin = System.nanoTime();
        LockSupport.parkNanos(10_000_000_000L);
        print("idle: relay CPU %.1f %% of a core"
                .formatted((cpu() - cpuBefore) / 1e9 / ((System.nanoTime() - begin) / 1e9) * 100));
    }

    private static double at(long[] sorted, double quantile) {
        return sorted[Math.min(sorted.length - 1, (int) (sorted.length * quantile))] / 1e6;
    }

    // Counts only the threads of the relay, because the broker and the benchmark run in the same JVM.
    private static long cpu() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        return Arrays.stream(threads.getThreadInfo(threads.getAllThreadIds()))
                .filter(thread -> thread != null
                        && RELAY_THREAD.matcher(thread.getThreadName()).lookingAt())
                .mapToLong(thread -> Math.max(0, threads.getThreadCpuTime(thread.getThreadId())))
                .sum();
    }

    private static KafkaConsumer<String, String> consumer(String topic) {
        KafkaConsumer<String, String> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", TestServers.kafka().bootstrapServers(), "fetch.max.wait.ms", "100"),
                new StringDeserializer(),
                new StringDeserializer());
        List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                .map(partition -> new TopicPartition(topic, partition.partition()))
                .toList();
        consumer.assign(partitions);
        return consumer;
    }

    private static void print(String line) {
        // checkstyle off: consoleOutput, this is the output of a command
        System.out.println(line);
        // checkstyle on: consoleOutput
    }
}
