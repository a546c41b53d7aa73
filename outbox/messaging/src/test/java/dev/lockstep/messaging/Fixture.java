package dev.lockstep.messaging;

import static dev.lockstep.testing.Futures.await;

import dev.lockstep.messaging.consumer.MessageConsumer;
import dev.lockstep.messaging.delivery.ConsumerOptions;
import dev.lockstep.messaging.delivery.MessageCodec;
import dev.lockstep.messaging.delivery.MessageHandler;
import dev.lockstep.messaging.delivery.ReceivedMessage;
import dev.lockstep.messaging.http.BoundedReads;
import dev.lockstep.messaging.schedule.Backoff;
import dev.lockstep.testing.DatabaseTemplate;
import dev.lockstep.testing.TestKafka;
import dev.lockstep.testing.TestResource;
import dev.lockstep.testing.TestServers;
import dev.lockstep.testing.VertxDatabase;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Tuple;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import javax.sql.DataSource;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/** A database with the messaging tables, a topic, and the consumers of that topic. */
public final class Fixture extends TestResource {
    private static final DatabaseTemplate TABLES = new DatabaseTemplate("messaging", Fixture::createTables);

    /** A text that is too long for a B-tree entry, and too random to be compressed to that size. */
    static final String TOO_LONG_FOR_AN_INDEX = new Random(7)
            .ints(3_000, 'a', 'z')
            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
            .toString();

    // Creating a consumer group takes long on a busy machine.
    static {
        Awaitility.setDefaultTimeout(Duration.ofSeconds(30));
    }

    private final VertxDatabase data = new VertxDatabase(TABLES, 4);
    private final TestKafka kafka = new TestKafka();
    private final List<MessageConsumer> consumers = new ArrayList<>();

    final Vertx vertx = data.vertx();
    final Pool pool = data.pool();
    final String database = data.database().name();
    final BoundedReads reads = BoundedReads.of(vertx, pool);
    final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    final Admin admin = kafka.admin();
    final KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
            Map.of("bootstrap.servers", kafka.bootstrapServers(), "linger.ms", 0),
            new ByteArraySerializer(),
            new ByteArraySerializer());
    final String topic = TestServers.newName("greetings-");
    final String group = "group-of-" + topic;
    /** The {@code ce_time} of all messages that are sent; recent, so that it is within the dedup window. */
    final String time = Instant.now().toString();

    Fixture() {
        // As if the tables had just been created.
        data.database().execute("UPDATE outbox_watermark SET acknowledged_at = now()");
    }

    /** Opens the fixture and creates its topic. */
    static Fixture withTopic(int partitions) {
        Fixture fixture = new Fixture();
        fixture.createTopic(partitions);
        return fixture;
    }

    private static void createTables(DataSource source) {
        MessagingSchema.migrate(source);
        try (Connection connection = source.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE greeted (id bigint GENERATED ALWAYS AS IDENTITY, key text, name text)");
        } catch (SQLException cause) {
            throw new IllegalStateException(cause);
        }
    }

    PgConnectOptions connectOptions() {
        return data.database().connectOptions();
    }

    String bootstrapServers() {
        return kafka.bootstrapServers();
    }

    /** The messages that the tests send. */
    sealed interface Greeting permits Hello, Goodbye {
        String name();
    }

    record Hello(String name) implements Greeting {
        Hello {
            if (name.isBlank()) {
                throw new IllegalArgumentException("name must not be blank");
            }
        }
    }

    record Goodbye(String name) implements Greeting {}

    void createTopic(int partitions) {
        kafka.createTopic(topic, partitions);
    }

    void createTopic(String name, Map<String, String> settings) {
        kafka.createTopic(name, 1, settings);
    }

    void addPartitions(int total) {
        TestKafka.await(admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(total)))
                .all());
    }

    /** Removes records, as retention or an operator does. */
    void deleteRecords(int partition, long before) {
        TestKafka.await(
                admin.deleteRecords(Map.of(new TopicPartition(topic, partition), RecordsToDelete.beforeOffset(before)))
                        .all());
    }

    /** Deletes the topic and creates it again. */
    void recreateTopic(int partitions) {
        kafka.deleteTopic(topic);
        Awaitility.await().ignoreExceptions().until(() -> {
            createTopic(partitions);
            return true;
        });
    }

    /** Sets the committed offset of the group, which must have no members. */
    void setCommitted(int partition, long offset) {
        TestKafka.await(admin.alterConsumerGroupOffsets(
                        group, Map.of(new TopicPartition(topic, partition), new OffsetAndMetadata(offset)))
                .all());
    }

    long end(int partition) {
        TopicPartition of = new TopicPartition(topic, partition);
        return TestKafka.await(
                        admin.listOffsets(Map.of(of, OffsetSpec.latest())).partitionResult(of))
                .offset();
    }

    /** The value of the lag gauge. */
    double lag() {
        return meters.get("lockstep.consumer.lag")
                .tags("group", group, "topic", topic)
                .gauge()
                .value();
    }

    ConsumerOptions options() {
        return options(List.of(topic), Map.of());
    }

    ConsumerOptions options(Map<String, String> kafka) {
        return options(List.of(topic), kafka);
    }

    ConsumerOptions options(List<String> topics, Map<String, String> kafka) {
        Map<String, String> properties = new HashMap<>(kafka);
        properties.put("bootstrap.servers", bootstrapServers());
        return new ConsumerOptions(
                group,
                topics,
                properties,
                100,
                new ConsumerOptions.Retries(3, new Backoff(Duration.ofMillis(100), Duration.ofMillis(400))),
                Duration.ofDays(7),
                new ConsumerOptions.Gaps(Duration.ofSeconds(1), Duration.ofSeconds(20)));
    }

    MessageConsumer consume(MessageHandler<Greeting> handler) {
        return consume(options(), handler, topic -> true);
    }

    MessageConsumer consume(Pool ownPool, MessageHandler<Greeting> handler) {
        return consume(ownPool, options(), handler, topic -> true);
    }

    MessageConsumer consume(ConsumerOptions options, MessageHandler<Greeting> handler, Predicate<String> accepts) {
        return consume(pool, options, handler, accepts);
    }

    private MessageConsumer consume(
            Pool ownPool, ConsumerOptions options, MessageHandler<Greeting> handler, Predicate<String> accepts) {
        MessageConsumer consumer = MessageConsumer.create(
                vertx, ownPool, options, MessageCodec.of(Greeting.class), handler, accepts, meters);
        await(consumer.start());
        consumers.add(consumer);
        return consumer;
    }

    /** Requests a stop without waiting for the handler to complete. {@link #close} waits for it. */
    void stopWithoutWaiting(MessageConsumer consumer) {
        consumer.stop();
    }

    /** A handler that stores the names that it received, in order. */
    static MessageHandler<Greeting> greeter() {
        return (tx, messages) -> {
            Future<Void> all = Future.succeededFuture();
            for (ReceivedMessage<Greeting> each : messages) {
                all = all.compose(done -> tx.preparedQuery("INSERT INTO greeted (key, name) VALUES ($1, $2)")
                        .execute(Tuple.of(each.key(), each.message().name()))
                        .mapEmpty());
            }
            return all;
        };
    }

    List<String> greeted() {
        return strings("SELECT name FROM greeted ORDER BY id");
    }

    List<String> strings(String sql) {
        return data.strings(sql);
    }

    void hello(String key, String name) {
        send(key, "Hello", "{\"name\":\"" + name + "\"}", UUID.randomUUID().toString());
    }

    UUID uuidv7() {
        return UUID.fromString(strings("SELECT uuidv7()").getFirst());
    }

    void helloTo(int partition, String name) {
        send(
                partition,
                "k",
                "Hello",
                "{\"name\":\"" + name + "\"}",
                UUID.randomUUID().toString());
    }

    void send(@Nullable String key, String type, String value, String id) {
        send(null, key, type, value, id);
    }

    private void send(@Nullable Integer partition, @Nullable String key, String type, String value, String id) {
        ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(
                topic,
                partition,
                key == null ? null : key.getBytes(StandardCharsets.UTF_8),
                value.getBytes(StandardCharsets.UTF_8));
        record.headers()
                .add("ce_type", type.getBytes(StandardCharsets.UTF_8))
                .add("ce_source", "/tests".getBytes(StandardCharsets.UTF_8))
                .add("ce_time", time.getBytes(StandardCharsets.UTF_8))
                .add("ce_id", id.getBytes(StandardCharsets.UTF_8));
        send(record);
    }

    void send(ProducerRecord<byte[], byte[]> record) {
        try {
            producer.send(record).get(30, TimeUnit.SECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The generic plan of the statement, which Postgres uses for a prepared statement whatever its arguments are. */
    String genericPlan(String statement, String arguments) {
        return plan("force_generic_plan", statement, arguments);
    }

    /** @param mode a value of {@code plan_cache_mode} */
    String plan(String mode, String statement, String arguments) {
        return await(pool.withConnection(connection -> connection
                .query("SET plan_cache_mode = " + mode + "; PREPARE planned AS " + statement)
                .execute()
                .compose(prepared -> connection
                        .query("EXPLAIN (COSTS OFF) EXECUTE planned (" + arguments + ")")
                        .execute())
                .map(rows -> {
                    StringBuilder plan = new StringBuilder();
                    rows.forEach(row -> plan.append(row.getString(0)).append('\n'));
                    return plan.toString();
                })
                .compose(plan -> connection
                        .query("DEALLOCATE planned; RESET plan_cache_mode")
                        .execute()
                        .map(plan))));
    }

    /** The committed offsets of the group, summed over the topic's partitions. */
    long committed() {
        return TestKafka.await(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata()).values().stream()
                .mapToLong(OffsetAndMetadata::offset)
                .sum();
    }

    /** Resets the group once it has no members, so that all records are delivered again. */
    void deleteCommittedOffsets() {
        Awaitility.await().ignoreExceptions().until(() -> {
            admin.deleteConsumerGroups(Set.of(group)).all().get(30, TimeUnit.SECONDS);
            return true;
        });
    }

    @Override
    public void close() {
        consumers.forEach(consumer -> await(consumer.stop()));
        producer.close();
        kafka.close();
        data.close();
    }
}
