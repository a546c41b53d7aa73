package dev.lockstep.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.embedded.TestServers;
import dev.lockstep.messaging.Messaging;
import dev.lockstep.messaging.MessagingSchema;
import dev.lockstep.messaging.MessagingSettings;
import dev.lockstep.messaging.consumer.MessageConsumer;
import dev.lockstep.messaging.delivery.ConsumerOptions;
import dev.lockstep.messaging.delivery.MessageCodec;
import dev.lockstep.messaging.delivery.MessageHandler;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.messaging.outbox.OutboxMessage;
import dev.lockstep.messaging.outbox.ResendRequested;
import dev.lockstep.messaging.replication.SlotLimits;
import dev.lockstep.messaging.schedule.Backoff;
import dev.lockstep.relay.OutboxRelay;
import dev.lockstep.relay.RelayConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.ext.web.Router;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TopicExistsException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** End-to-end recovery of a message that Kafka lost, with two services on the library, each with a relay. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class GapRecoveryIT {
    private static final String TOPIC = "healed-gap";
    private static final Duration SOON = Duration.ofSeconds(30);

    private final Vertx vertx = Vertx.vertx();
    private final Admin admin = Admin.create(Map.of("bootstrap.servers", servers()));
    private TestService sender;
    private TestService reader;

    @BeforeEach
    void open() {
        createTopic(TOPIC);
        createTopic(ResendRequested.TOPIC);
        sender = new TestService("sender");
        reader = new TestService("reader");
        outcome(reader.pool
                .query("CREATE TABLE greeted (id bigint GENERATED ALWAYS AS IDENTITY, name text)")
                .execute());
    }

    @AfterEach
    void close() {
        reader.close();
        sender.close();
        admin.close();
        outcome(vertx.close());
    }

    @Test
    void a_message_lost_by_kafka_is_requested_resent_and_handled_in_order() {
        // Given a reader that has read the topic and is stopped when a message is lost
        MessageConsumer before = reader.consume();
        sender.append("ann");
        await().atMost(SOON).untilAsserted(() -> assertThat(greeted()).containsExactly("ann"));
        outcome(before.stop());
        sender.append("bob");
        await().atMost(SOON).until(() -> records(TOPIC).size() == 2);
        deleteWhatIsOn(TOPIC);
        // Otherwise the offset of the reader is before the beginning of the log, and the reader also requests
        // everything since then.
        moveReaderTo(2);
        sender.append("cid");
        await().atMost(SOON).until(() -> names().equals(List.of("cid")));

        // When
        MessageConsumer after = reader.consume();

        // Then
        await().atMost(SOON).untilAsserted(() -> assertThat(greeted()).containsExactly("ann", "bob", "cid"));
        assertThat(names()).containsExactly("cid", "bob");
        String bob = sender.strings("SELECT id FROM outbox WHERE sequence = 2 AND resend_of IS NULL")
                .getFirst();
        assertThat(records(ResendRequested.TOPIC))
                .anySatisfy(request -> assertThat(request.value()).contains("\"/sender\"", bob));
        assertThat(reader.strings("SELECT event FROM delivery_incident ORDER BY id"))
                .startsWith("GAP_SEEN", "RESEND_REQUESTED");
        assertThat(reader.strings("SELECT count(*) FROM parked_message")).containsExactly("0");
        assertThat(after.problem()).isEmpty();
        assertThat(sender.messaging.resendProblem()).isEmpty();
    }

    @Test
    void a_stopped_resend_consumer_is_reported() {
        await().atMost(SOON).until(() -> sender.messaging.resendProblem().isEmpty());

        outcome(sender.messaging.stop());

        assertThat(sender.messaging.resendProblem()).contains("sender.resends has stopped");
    }

    private List<String> greeted() {
        return reader.strings("SELECT name FROM greeted ORDER BY id");
    }

    private static List<String> names() {
        return records(TOPIC).stream()
                .map(record -> record.value().replaceAll("\\{\"name\":\"(.*)\"}", "$1"))
                .toList();
    }

    private static List<ConsumerRecord<String, String>> records(String topic) {
        return TopicClient.read(servers(), topic);
    }

    private void createTopic(String name) {
        try {
            admin.createTopics(List.of(new NewTopic(name, 1, (short) 1))).all().get();
        } catch (ExecutionException cause) {
            if (!(cause.getCause() instanceof TopicExistsException)) {
                throw new IllegalStateException(cause);
            }
        } catch (InterruptedException cause) {
            throw new IllegalStateException(cause);
        }
    }

    private void deleteWhatIsOn(String topic) {
        try {
            admin.deleteRecords(Map.of(new TopicPartition(topic, 0), RecordsToDelete.beforeOffset(-1)))
                    .all()
                    .get();
        } catch (InterruptedException | ExecutionException cause) {
            throw new IllegalStateException(cause);
        }
    }

    private void moveReaderTo(long offset) {
        try {
            admin.alterConsumerGroupOffsets(
                            "reader", Map.of(new TopicPartition(TOPIC, 0), new OffsetAndMetadata(offset)))
                    .all()
                    .get();
        } catch (InterruptedException | ExecutionException cause) {
            throw new IllegalStateException(cause);
        }
    }

    private static String servers() {
        return TestServers.kafka().bootstrapServers();
    }

    private static <T extends @Nullable Object> T outcome(Future<T> future) {
        try {
            return future.toCompletionStage().toCompletableFuture().get(SOON.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException cause) {
            throw new IllegalStateException(cause);
        }
    }

    record Hello(String name) {}

    /** A service: a database, the library and a relay. */
    private final class TestService implements AutoCloseable {
        private final String name;
        private final String database;
        private final Pool pool;
        private final OutboxRelay relay;
        private final Messaging messaging;
        private final List<MessageConsumer> consumers = new ArrayList<>();

        TestService(String name) {
            this.name = name;
            database = TestServers.newDatabase(name);
            PGSimpleDataSource migrations = new PGSimpleDataSource();
            migrations.setUrl(TestServers.postgres().jdbcUrl(database));
            MessagingSchema.migrate(migrations);
            pool = PgBuilder.pool()
                    .connectingTo(
                            PgConnectOptions.fromUri(TestServers.postgres().uri(database))
                                    .setUser("lockstep")
                                    .setPassword("lockstep"))
                    .with(new PoolOptions().setMaxSize(4))
                    .using(vertx)
                    .build();
            relay = new OutboxRelay(
                    new RelayConfig(
                            TestServers.postgres().host(),
                            TestServers.postgres().port(),
                            database,
                            "lockstep",
                            "lockstep",
                            database + "_outbox",
                            "lockstep_outbox",
                            "/" + name,
                            Map.of("bootstrap.servers", servers()),
                            Duration.ofMillis(200),
                            Duration.ofSeconds(15)),
                    new SimpleMeterRegistry());
            relay.prepare();
            relay.start();
            messaging = outcome(Messaging.start(
                    vertx,
                    pool,
                    Router.router(vertx),
                    new MessagingSettings(
                            new MessagingSettings.Retention(
                                    Duration.ofDays(7), Duration.ofDays(7), Duration.ofDays(90)),
                            database + "_outbox",
                            new SlotLimits(1L << 31, 1L << 34),
                            Duration.ofSeconds(15),
                            "/" + name,
                            options(name + ".resends", ResendRequested.TOPIC)),
                    new SimpleMeterRegistry()));
        }

        void append(String who) {
            outcome(pool.withTransaction(tx ->
                    new Outbox().append(tx, List.of(OutboxMessage.of("greeting", "k", TOPIC, new Hello(who), null)))));
        }

        MessageConsumer consume() {
            MessageHandler<Hello> greeter = (tx, messages) -> {
                Future<Void> all = Future.succeededFuture();
                for (var each : messages) {
                    all = all.compose(done -> tx.preparedQuery("INSERT INTO greeted (name) VALUES ($1)")
                            .execute(Tuple.of(each.message().name()))
                            .mapEmpty());
                }
                return all;
            };
            MessageConsumer consumer = MessageConsumer.create(
                    vertx,
                    pool,
                    options(name, TOPIC),
                    MessageCodec.of(Hello.class),
                    greeter,
                    topic -> true,
                    new SimpleMeterRegistry());
            consumers.add(consumer);
            outcome(consumer.start());
            return consumer;
        }

        List<String> strings(String sql) {
            List<String> all = new ArrayList<>();
            for (Row row : outcome(pool.query(sql).execute())) {
                all.add(String.valueOf(row.getValue(0)));
            }
            return all;
        }

        private ConsumerOptions options(String group, String topic) {
            return new ConsumerOptions(
                    group,
                    List.of(topic),
                    Map.of("bootstrap.servers", servers()),
                    100,
                    new ConsumerOptions.Retries(3, new Backoff(Duration.ofMillis(100), Duration.ofMillis(400))),
                    Duration.ofDays(7),
                    new ConsumerOptions.Gaps(Duration.ofSeconds(1), Duration.ofMinutes(2)));
        }

        @Override
        public void close() {
            consumers.forEach(consumer -> outcome(consumer.stop()));
            outcome(messaging.stop());
            relay.close();
            await().atMost(SOON)
                    .until(() -> !strings("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                                    + " WHERE NOT active AND database = current_database()")
                            .isEmpty());
            outcome(pool.close());
        }
    }
}
