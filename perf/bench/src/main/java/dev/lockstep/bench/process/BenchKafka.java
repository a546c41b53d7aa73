package dev.lockstep.bench.process;

import dev.lockstep.bench.BenchException;
import dev.lockstep.bench.Lab;
import dev.lockstep.bench.app.KafkaApp;
import dev.lockstep.embedded.FreePorts;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;

/** A Kafka node with the settings of the local stack, in a process of its own, so that its CPU time is known. */
public final class BenchKafka implements AutoCloseable {
    public static final int PARTITIONS = 6;
    private static final Duration START_LIMIT = Duration.ofMinutes(2);
    private static final long REQUEST_SECONDS = 30;

    private final ChildProcess process;
    private final String bootstrapServers;
    private final Admin admin;

    private BenchKafka(ChildProcess process, String bootstrapServers) {
        this.process = process;
        this.bootstrapServers = bootstrapServers;
        this.admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers));
    }

    public static BenchKafka start(Lab lab) {
        int port = FreePorts.any();
        Path ready = lab.newFolder("kafka").resolve("ready");
        List<String> command = JavaProgram.command(
                KafkaApp.class,
                "512m",
                List.of(ready.resolveSibling("data").toString(), String.valueOf(port), ready.toString()));
        ChildProcess process = lab.resources().add(ChildProcess.start("kafka", command, Map.of(), lab.log("kafka")));
        process.await("to accept requests", START_LIMIT, () -> Files.exists(ready));
        return lab.resources().add(new BenchKafka(process, "127.0.0.1:" + port));
    }

    public long pid() {
        return process.pid();
    }

    public String bootstrapServers() {
        return bootstrapServers;
    }

    public void createTopic(String name) {
        await(admin.createTopics(List.of(new NewTopic(name, Optional.of(PARTITIONS), Optional.empty())))
                .all());
    }

    /** The number of records that were ever written to the topic. Records of aborted transactions count too; none of the scenarios has any. */
    public long written(String topic) {
        Map<TopicPartition, OffsetSpec> all = new HashMap<>();
        partitions(topic).forEach(partition -> all.put(partition, OffsetSpec.latest()));
        return await(admin.listOffsets(all).all()).values().stream()
                .mapToLong(end -> end.offset())
                .sum();
    }

    /** The number of records that a group has committed, over all partitions. */
    public long committed(String group) {
        return await(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata()).values().stream()
                .mapToLong(offset -> offset == null ? 0 : offset.offset())
                .sum();
    }

    /** The partitions of a topic that {@link #createTopic} created. */
    public static List<TopicPartition> partitions(String topic) {
        return IntStream.range(0, PARTITIONS)
                .mapToObj(partition -> new TopicPartition(topic, partition))
                .toList();
    }

    @Override
    public void close() {
        admin.close(Duration.ofSeconds(2));
    }

    private static <T> T await(KafkaFuture<T> future) {
        try {
            return future.get(REQUEST_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException cause) {
            throw new BenchException("a request to Kafka failed: " + cause.getMessage(), cause);
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            throw new BenchException("interrupted", cause);
        }
    }
}
