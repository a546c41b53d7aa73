package dev.lockstep.faults;

import dev.lockstep.faults.RecordFuzzer.FuzzedRecord;
import dev.lockstep.faults.agent.Protection;
import dev.lockstep.messaging.record.PrintableText;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/** Sends tens of thousands of invalid or repeated records to every topic that the services read. */
final class FuzzCases {
    private static final int BATCH_SIZE = 250;
    private static final Duration PAUSE = Duration.ofMillis(100);
    private static final Duration LAG_LIMIT = Duration.ofMinutes(4);
    private static final long MAX_LOG_BYTES = 4L * 1024 * 1024;
    private static final int MAX_LINE_LENGTH = 8_000;
    // Half of the 256 MiB heap that each service has in the suite.
    private static final double MAX_LIVE_HEAP = 128.0 * 1024 * 1024;
    private static final Map<String, Service> READERS = Map.of(
            "order.commands", Service.ORDER,
            "inventory.commands", Service.INVENTORY,
            "payment.commands", Service.PAYMENT);

    private FuzzCases() {}

    static List<FaultCase> all() {
        return List.of(new FaultCase(
                "fuzz-records",
                "invalid and contradictory records, and repeats with unusual headers, on every topic that services"
                        + " read",
                Protection.DEAD_LETTERS,
                FaultCase.MachineType.SHARED,
                true,
                FuzzCases::fuzz));
    }

    private static void fuzz(CaseRun run) {
        RecordFuzzer fuzzer = new RecordFuzzer(run.random(), readServiceRecords(run));
        Map<Service, Long> logs = logSizes(run);
        Map<Service, Integer> starts = starts(run);
        Map<RecordPosition, Set<String>> injected = new HashMap<>();
        for (int left = run.times(30_000, 2_000); left > 0; left -= BATCH_SIZE) {
            send(
                    run,
                    Stream.generate(fuzzer::next)
                            .limit(Math.min(left, BATCH_SIZE))
                            .toList(),
                    injected);
            run.pause(PAUSE);
        }
        awaitNoLag(run);
        checkDeadLetters(run, injected);
        checkProcesses(run, starts);
        checkLogs(run, logs);
    }

    // Only records that the services have written, without the unreadable records of other cases.
    private static List<ConsumerRecord<byte[], byte[]>> readServiceRecords(CaseRun run) {
        List<String> sources =
                Stream.of(Service.values()).map(FuzzCases::source).toList();
        List<ConsumerRecord<byte[], byte[]>> all =
                RecordCases.readNewest(run, RecordCases.NEWEST_OF_A_PARTITION).stream()
                        .filter(record -> {
                            Header source = record.headers().lastHeader("ce_source");
                            return source != null
                                    && source.value() != null
                                    && sources.contains(new String(source.value(), StandardCharsets.UTF_8))
                                    && record.key() != null;
                        })
                        .toList();
        if (all.isEmpty()) {
            throw new FaultsException("found no record of a service that could be modified");
        }
        return all;
    }

    private static String source(Service service) {
        return "/" + group(service);
    }

    private static String group(Service service) {
        return service.label() + "-service";
    }

    private record RecordPosition(String topic, int partition, long offset) {}

    private static void send(CaseRun run, List<FuzzedRecord> records, Map<RecordPosition, Set<String>> injected) {
        try (KafkaProducer<byte[], byte[]> producer = RecordCases.producer(run)) {
            List<Future<RecordMetadata>> sends =
                    records.stream().map(each -> producer.send(each.record())).toList();
            producer.flush();
            for (int i = 0; i < sends.size(); i++) {
                RecordMetadata at = sends.get(i).get();
                injected.put(
                        new RecordPosition(at.topic(), at.partition(), at.offset()),
                        records.get(i).reasons());
                run.injected();
            }
        } catch (ExecutionException refused) {
            throw new FaultsException("Kafka refused a record: " + refused.getCause(), refused);
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            throw new FaultsException("interrupted", cause);
        }
    }

    // The broker is asked for the lag, because a service's own lag metric could be wrong.
    private static void awaitNoLag(CaseRun run) {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", run.stack().bootstrapServers()))) {
            // Orders keep arriving: records after these end offsets are not waited for.
            Map<TopicPartition, Long> ends = ends(admin);
            Map<String, Long> lags = new TreeMap<>();
            boolean none = Waiting.isMetWithin(LAG_LIMIT, () -> {
                lags.clear();
                lags.putAll(lags(admin, ends));
                run.pause(PAUSE);
                return lags.isEmpty();
            });
            if (!none) {
                throw new FailedCheckException(
                        "records are still unread after " + LAG_LIMIT.toSeconds() + " s: " + lags);
            }
        }
    }

    private static Map<TopicPartition, Long> ends(Admin admin) {
        List<String> topics = Stream.concat(RecordCases.TOPICS.stream(), Stream.of(MessageShapes.RESEND_REQUESTS_TOPIC))
                .toList();
        Map<TopicPartition, OffsetSpec> wanted = new HashMap<>();
        result(admin.describeTopics(topics).allTopicNames())
                .forEach((topic, description) -> description
                        .partitions()
                        .forEach(each -> wanted.put(new TopicPartition(topic, each.partition()), OffsetSpec.latest())));
        Map<TopicPartition, Long> ends = new HashMap<>();
        result(admin.listOffsets(wanted).all()).forEach((partition, end) -> ends.put(partition, end.offset()));
        return ends;
    }

    private static Map<String, Long> lags(Admin admin, Map<TopicPartition, Long> ends) {
        Map<String, Long> lags = new TreeMap<>();
        for (Service service : Service.values()) {
            for (String group : List.of(group(service), group(service) + ".resends")) {
                Map<TopicPartition, OffsetAndMetadata> committed =
                        result(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata());
                ends.forEach((partition, end) -> {
                    boolean reads = partition.topic().equals(MessageShapes.RESEND_REQUESTS_TOPIC)
                            ? group.endsWith(".resends")
                            : !group.endsWith(".resends")
                                    && readers(partition.topic()).contains(service);
                    OffsetAndMetadata at = committed.get(partition);
                    long lag = end - (at == null ? 0 : at.offset());
                    if (reads && lag > 0) {
                        lags.put(group + " " + partition, lag);
                    }
                });
            }
        }
        return lags;
    }

    private static <T> T result(KafkaFuture<T> future) {
        try {
            return future.get(30, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException cause) {
            throw new FaultsException("Kafka request failed: " + cause, cause);
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            throw new FaultsException("interrupted", cause);
        }
    }

    private static void checkDeadLetters(CaseRun run, Map<RecordPosition, Set<String>> injected) {
        List<String> wrong = new ArrayList<>();
        for (Service service : Service.values()) {
            Map<RecordPosition, String> deadLetters = deadLetters(run, service);
            injected.forEach((place, reasons) -> {
                if (readers(place.topic()).contains(service)) {
                    check(service, place, reasons, deadLetters.get(place), wrong);
                }
            });
        }
        if (!wrong.isEmpty()) {
            throw new FailedCheckException("records with an unexpected outcome: " + wrong.size() + ", such as "
                    + String.join("; ", wrong.subList(0, Math.min(5, wrong.size()))));
        }
    }

    private static void check(
            Service service, RecordPosition place, Set<String> reasons, @Nullable String found, List<String> wrong) {
        boolean right = found == null
                ? reasons.isEmpty()
                : reasons.stream().anyMatch(reason -> found.startsWith(reason + " after 1:"));
        if (!right) {
            wrong.add(group(service) + " " + place + ": expected "
                    + (reasons.isEmpty() ? "no dead letter" : "a dead letter with one of " + reasons)
                    + ", found " + (found == null ? "no dead letter" : PrintableText.of(found, 300)));
        }
    }

    private static Set<Service> readers(String topic) {
        if (topic.equals(MessageShapes.RESEND_REQUESTS_TOPIC)) {
            return Set.of(Service.values());
        }
        return Set.of(READERS.getOrDefault(topic, Service.SAGA));
    }

    // A dead letter is written in the transaction of its batch, before the offset is committed. So once the records are
    // read, all of their dead letters exist.
    private static Map<RecordPosition, String> deadLetters(CaseRun run, Service service) {
        try {
            Map<RecordPosition, String> deadLetters = new HashMap<>();
            for (String row : Database.column(
                    run.stack().jdbcUrl(service),
                    "SELECT concat_ws(' ', topic, partition, \"offset\", reason, 'after', attempts || ':', left(error, 300))"
                            + " FROM dead_letter")) {
                String[] parts = row.split(" ", 4);
                deadLetters.put(
                        new RecordPosition(parts[0], Integer.parseInt(parts[1]), Long.parseLong(parts[2])), parts[3]);
            }
            return deadLetters;
        } catch (SQLException cause) {
            throw new FaultsException("cannot read the dead letters: " + cause.getMessage(), cause);
        }
    }

    private static Map<Service, Integer> starts(CaseRun run) {
        Map<Service, Integer> starts = new EnumMap<>(Service.class);
        for (Service service : Service.values()) {
            starts.put(service, run.stack().service(service).starts());
        }
        return starts;
    }

    private static void checkProcesses(CaseRun run, Map<Service, Integer> starts) {
        starts.forEach((service, before) -> {
            if (run.stack().service(service).starts() != before) {
                throw new FailedCheckException(service.label() + " ended during the case; see its log");
            }
            double live = run.stack().first(service).metric("jvm_gc_live_data_size_bytes");
            if (live > MAX_LIVE_HEAP) {
                throw new FailedCheckException(
                        "%s uses %.0f MiB of heap after a garbage collection; the limit is %.0f MiB"
                                .formatted(service.label(), live / 1024 / 1024, MAX_LIVE_HEAP / 1024 / 1024));
            }
        });
    }

    private static Map<Service, Long> logSizes(CaseRun run) {
        Map<Service, Long> sizes = new EnumMap<>(Service.class);
        for (Service service : Service.values()) {
            sizes.put(service, size(log(run, service)));
        }
        return sizes;
    }

    private static Path log(CaseRun run, Service service) {
        return run.stack().folder().resolve("logs").resolve(service.label() + ".log");
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }

    private static void checkLogs(CaseRun run, Map<Service, Long> before) {
        long written = 0;
        for (Map.Entry<Service, Long> each : before.entrySet()) {
            Path log = log(run, each.getKey());
            written += size(log) - each.getValue();
            checkLines(log, each.getValue());
        }
        if (written > MAX_LOG_BYTES) {
            throw new FailedCheckException(
                    "the services wrote %,d bytes of logs; the limit is %,d".formatted(written, MAX_LOG_BYTES));
        }
    }

    private static void checkLines(Path log, long from) {
        try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
            file.seek(from);
            BufferedReader lines = new BufferedReader(Channels.newReader(file.getChannel(), StandardCharsets.UTF_8));
            lines.lines().forEach(line -> {
                if (line.length() > MAX_LINE_LENGTH) {
                    throw new FailedCheckException(
                            log + " has a line of " + line.length() + " characters; the limit is " + MAX_LINE_LENGTH);
                }
                String plain = line.replace("\t", "");
                if (!PrintableText.of(plain, MAX_LINE_LENGTH).equals(plain)
                        || line.startsWith("1970-01-01T00:00:00.000Z")) {
                    throw new FailedCheckException(log + " has a forged line: " + PrintableText.of(line, 300));
                }
            });
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }
}
