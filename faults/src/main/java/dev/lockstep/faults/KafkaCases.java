package dev.lockstep.faults;

import dev.lockstep.faults.agent.Protection;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Changes that operators and other producers make to topics: added partitions, deleted records, aborted transactions. */
final class KafkaCases {
    /** After this case the messages of a key can be in several partitions. */
    static final String ADD_PARTITIONS = "add-partitions";

    private static final Map<Service, List<String>> CONSUMED_TOPICS = Map.of(
            Service.ORDER, List.of("order.commands"),
            Service.INVENTORY, List.of("inventory.commands"),
            Service.PAYMENT, List.of("payment.commands"),
            Service.SAGA,
                    List.of(
                            "order.created",
                            "order.cancel-requested",
                            "order.confirmed",
                            "order.cancelled",
                            "inventory.updated",
                            "payment.updated"));
    private static final List<String> TOPICS =
            CONSUMED_TOPICS.values().stream().flatMap(List::stream).sorted().toList();
    // The 15 s deadline of a saga step in this suite, plus time for the order to receive the result.
    private static final Duration DEADLINE = Duration.ofSeconds(20);

    private KafkaCases() {}

    static List<FaultCase> all() {
        return List.of(
                FaultCase.of(
                        ADD_PARTITIONS,
                        "partitions added to every topic under load; no order may time out",
                        Protection.NEW_PARTITIONS,
                        KafkaCases::addPartitions),
                FaultCase.of(
                        "delete-records",
                        "unread records of every topic deleted while their consumer is down or frozen",
                        Protection.LOST_RANGES,
                        KafkaCases::deleteRecords),
                FaultCase.of(
                        "aborted-transactions",
                        "commands and unreadable records on every topic, in transactions that are aborted",
                        Protection.READ_COMMITTED,
                        KafkaCases::abortTransactions));
    }

    private static void addPartitions(CaseRun run) {
        try (Admin admin = admin(run)) {
            String begun = single(run, "SELECT now()::text");
            for (int round = 0; round < run.times(2, 1); round++) {
                Map<String, NewPartitions> more = result(
                                admin.describeTopics(TOPICS).allTopicNames())
                        .values()
                        .stream()
                        .collect(Collectors.toMap(
                                topic -> topic.name(),
                                topic -> NewPartitions.increaseTo(
                                        topic.partitions().size() + 2)));
                result(admin.createPartitions(more).all());
                more.forEach((topic, partitions) -> run.injected());
                run.pause(DEADLINE);
                run.awaitProgress();
            }
            String late = single(
                    run,
                    "SELECT count(*) FROM orders WHERE reason = 'TIMED_OUT' AND created_at >= '" + begun
                            + "'::timestamptz");
            if (!late.equals("0")) {
                throw new FailedCheckException("orders that timed out: " + late);
            }
        }
    }

    private static void deleteRecords(CaseRun run) {
        try (Admin admin = admin(run)) {
            for (int round = 0; round < run.times(2, 1); round++) {
                for (Service service : Service.values()) {
                    SupervisedProcess process = run.stack().service(service);
                    boolean frozen = round % 2 == 1;
                    if (frozen) {
                        process.freeze();
                    } else {
                        process.killWithoutRestart();
                    }
                    run.pause(2_000, 4_000);
                    int deleted = deleteUnread(admin, service);
                    if (frozen) {
                        process.resume();
                    } else {
                        process.start();
                    }
                    for (int i = 0; i < deleted; i++) {
                        run.injected();
                    }
                    run.awaitProgress();
                }
            }
        }
    }

    // Deletes the records that the service has not read, and returns their number.
    private static int deleteUnread(Admin admin, Service service) {
        Map<TopicPartition, OffsetSpec> partitions =
                result(admin.describeTopics(CONSUMED_TOPICS.get(service)).allTopicNames()).values().stream()
                        .flatMap(topic -> topic.partitions().stream()
                                .map(partition -> new TopicPartition(topic.name(), partition.partition())))
                        .collect(Collectors.toMap(partition -> partition, partition -> OffsetSpec.latest()));
        Map<TopicPartition, OffsetAndMetadata> committed = result(
                admin.listConsumerGroupOffsets(service.label() + "-service").partitionsToOffsetAndMetadata());
        Map<TopicPartition, RecordsToDelete> unread = new HashMap<>();
        long[] records = new long[1];
        result(admin.listOffsets(partitions).all()).forEach((partition, end) -> {
            OffsetAndMetadata read = committed.get(partition);
            long left = end.offset() - (read == null ? 0 : read.offset());
            if (left > 0) {
                records[0] += left;
                unread.put(partition, RecordsToDelete.beforeOffset(end.offset()));
            }
        });
        result(admin.deleteRecords(unread).all());
        return (int) records[0];
    }

    private static void abortTransactions(CaseRun run) {
        for (int round = 0; round < run.times(6, 2); round++) {
            try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                    Map.of(
                            "bootstrap.servers",
                            run.stack().bootstrapServers(),
                            "transactional.id",
                            "stranger-"
                                    + new UUID(
                                            run.random().nextLong(),
                                            run.random().nextLong())),
                    new ByteArraySerializer(),
                    new ByteArraySerializer())) {
                producer.initTransactions();
                producer.beginTransaction();
                List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
                for (String topic : TOPICS) {
                    records.add(record(
                            run,
                            topic,
                            "OrderCreated",
                            "stranger-" + run.random().nextInt(100),
                            "garbage"));
                }
                String orderId = Uuids.version7(run.random()).toString();
                String user = run.load().prefix() + "ann";
                String items = "[{\"productId\":\"%spen\",\"qty\":1}]"
                        .formatted(run.load().prefix());
                // Each of these records would take effect if it were applied: it takes money, reserves stock or starts
                // a saga.
                records.add(record(run, "payment.commands", "ChargePayment", orderId, """
                        {"orderId":"%s","userId":"%s","amount":{"amount":1,"currency":"KRW"}}""".formatted(orderId, user)));
                records.add(record(run, "inventory.commands", "ReserveStock", orderId, """
                        {"orderId":"%s","items":%s}""".formatted(orderId, items)));
                records.add(record(run, "order.created", "OrderCreated", orderId, """
                        {"orderId":"%s","userId":"%s","items":%s}""".formatted(orderId, user, items)));
                records.forEach(each -> {
                    var _ = producer.send(each);
                });
                producer.flush();
                // While the transaction is open, read_committed consumers do not pass its records.
                run.pause(200, 1_000);
                producer.abortTransaction();
                records.forEach(record -> run.injected());
            }
            run.awaitProgress();
        }
    }

    private static ProducerRecord<byte[], byte[]> record(
            CaseRun run, String topic, String type, String key, String value) {
        RecordHeaders headers = new RecordHeaders();
        Map.of("ce_id", Uuids.version7(run.random()).toString(), "ce_source", "/other", "ce_type", type)
                .forEach((name, text) -> headers.add(name, text.getBytes(StandardCharsets.UTF_8)));
        return new ProducerRecord<>(
                topic, null, key.getBytes(StandardCharsets.UTF_8), value.getBytes(StandardCharsets.UTF_8), headers);
    }

    private static String single(CaseRun run, String sql) {
        try {
            return Database.column(run.stack().jdbcUrl(Service.ORDER), sql).getFirst();
        } catch (SQLException cause) {
            throw new FaultsException(sql + " failed: " + cause.getMessage(), cause);
        }
    }

    private static Admin admin(CaseRun run) {
        return Admin.create(Map.of("bootstrap.servers", run.stack().bootstrapServers()));
    }

    private static <T> T result(KafkaFuture<T> future) {
        try {
            return future.get();
        } catch (ExecutionException refused) {
            throw new FaultsException("Kafka request failed: " + refused.getCause(), refused);
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            throw new FaultsException("interrupted", cause);
        }
    }
}
