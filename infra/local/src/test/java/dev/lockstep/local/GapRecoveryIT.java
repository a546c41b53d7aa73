package dev.lockstep.local;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.messaging.Messaging;
import dev.lockstep.messaging.MessagingSchema;
import dev.lockstep.messaging.MessagingSettings;
import dev.lockstep.messaging.consumer.MessageConsumer;
import dev.lockstep.messaging.delivery.ConsumerOptions;
import dev.lockstep.messaging.delivery.MessageCodec;
import dev.lockstep.messaging.delivery.MessageHandler;
import dev.lockstep.messaging.http.RouteAccess;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.messaging.outbox.OutboxMessage;
import dev.lockstep.messaging.outbox.ResendRequested;
import dev.lockstep.messaging.replication.SlotLimits;
import dev.lockstep.messaging.schedule.Backoff;
import dev.lockstep.relay.OutboxRelay;
import dev.lockstep.relay.PostgresAccess;
import dev.lockstep.relay.PostgresRole;
import dev.lockstep.relay.RelayConfig;
import dev.lockstep.testing.DatabaseTemplate;
import dev.lockstep.testing.PostgresServer;
import dev.lockstep.testing.TestKafka;
import dev.lockstep.testing.VertxDatabase;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.ext.web.Router;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** End-to-end recovery of a message that Kafka lost, with two services on the library, each with a relay. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class GapRecoveryIT {
    private static final String TOPIC = "healed-gap";
    private static final Duration SOON = Duration.ofSeconds(30);

    private static final DatabaseTemplate TABLES = new DatabaseTemplate("gap", MessagingSchema::migrate);

    @RegisterExtension
    final TestKafka kafka = new TestKafka();

    private TestService sender;
    private TestService reader;

    @BeforeEach
    void open() {
        kafka.createTopic(TOPIC, 1);
        kafka.createTopic(ResendRequested.TOPIC, 1);
        sender = new TestService("sender");
        reader = new TestService("reader");
        reader.strings("CREATE TABLE greeted (id bigint GENERATED ALWAYS AS IDENTITY, name text)");
    }

    @AfterEach
    void close() {
        reader.close();
        sender.close();
    }

    @Test
    void a_message_lost_by_kafka_is_requested_resent_and_handled_in_order() {
        // The reader has read the topic and is stopped when a message is lost.
        MessageConsumer before = reader.consume();
        sender.append("ann");
        await().atMost(SOON).untilAsserted(() -> assertThat(greeted()).containsExactly("ann"));
        await(before.stop());
        sender.append("bob");
        await().atMost(SOON).until(() -> records(TOPIC).size() == 2);
        deleteRecords();
        // Otherwise the offset of the reader is before the beginning of the log, and the reader also requests
        // everything since then.
        moveReaderTo(2);
        sender.append("cid");
        await().atMost(SOON).until(() -> names().equals(List.of("cid")));

        MessageConsumer after = reader.consume();

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

        await(sender.messaging.stop());

        assertThat(sender.messaging.resendProblem()).contains("sender.resends has stopped");
    }

    private List<String> greeted() {
        return reader.strings("SELECT name FROM greeted ORDER BY id");
    }

    private List<String> names() {
        return records(TOPIC).stream()
                .map(record -> record.value().replaceAll("\\{\"name\":\"(.*)\"}", "$1"))
                .toList();
    }

    private List<ConsumerRecord<String, String>> records(String topic) {
        return TopicClient.read(kafka.bootstrapServers(), topic);
    }

    private void deleteRecords() {
        TestKafka.await(kafka.admin()
                .deleteRecords(Map.of(new TopicPartition(TOPIC, 0), RecordsToDelete.beforeOffset(-1)))
                .all());
    }

    private void moveReaderTo(long offset) {
        TestKafka.await(kafka.admin()
                .alterConsumerGroupOffsets(
                        reader.group(), Map.of(new TopicPartition(TOPIC, 0), new OffsetAndMetadata(offset)))
                .all());
    }

    record Hello(String name) {}

    /** A service: a database, the library and a relay. */
    private final class TestService implements AutoCloseable {
        private final String name;
        private final VertxDatabase database = new VertxDatabase(TABLES, 4);
        private final OutboxRelay relay;
        private final Messaging messaging;
        private final List<MessageConsumer> consumers = new ArrayList<>();

        TestService(String name) {
            this.name = name;
            String slot = database.database().name() + "_outbox";
            relay = new OutboxRelay(
                    new RelayConfig(
                            new PostgresAccess(
                                    database.database().server().host(),
                                    database.database().server().port(),
                                    database.database().name(),
                                    new PostgresRole(PostgresServer.USER, PostgresServer.PASSWORD)),
                            slot,
                            "lockstep_outbox",
                            "/" + name,
                            Map.of("bootstrap.servers", kafka.bootstrapServers()),
                            Duration.ofMillis(200),
                            Duration.ofSeconds(15)),
                    new SimpleMeterRegistry());
            relay.prepare();
            relay.start();
            messaging = await(Messaging.start(
                    database.vertx(),
                    database.pool(),
                    Router.router(database.vertx()),
                    RouteAccess.OPEN,
                    new MessagingSettings(
                            new MessagingSettings.Retention(
                                    Duration.ofDays(7), Duration.ofDays(7), Duration.ofDays(90)),
                            slot,
                            new SlotLimits(1L << 31, 1L << 34),
                            Duration.ofSeconds(15),
                            "/" + name,
                            options(name + ".resends", ResendRequested.TOPIC)),
                    new SimpleMeterRegistry()));
        }

        void append(String who) {
            await(database.pool()
                    .withTransaction(tx -> new Outbox()
                            .append(tx, List.of(OutboxMessage.of("greeting", "k", TOPIC, new Hello(who), null)))));
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
                    database.vertx(),
                    database.pool(),
                    options(group(), TOPIC),
                    MessageCodec.of(Hello.class),
                    greeter,
                    topic -> true,
                    new SimpleMeterRegistry());
            consumers.add(consumer);
            await(consumer.start());
            return consumer;
        }

        String group() {
            return name;
        }

        List<String> strings(String sql) {
            return database.strings(sql);
        }

        private ConsumerOptions options(String group, String topic) {
            return new ConsumerOptions(
                    group,
                    List.of(topic),
                    Map.of("bootstrap.servers", kafka.bootstrapServers()),
                    100,
                    new ConsumerOptions.Retries(3, new Backoff(Duration.ofMillis(100), Duration.ofMillis(400))),
                    Duration.ofDays(7),
                    new ConsumerOptions.Gaps(Duration.ofSeconds(1), Duration.ofMinutes(2)));
        }

        @Override
        public void close() {
            consumers.forEach(consumer -> await(consumer.stop()));
            await(messaging.stop());
            relay.close();
            await().atMost(SOON)
                    .until(() -> !strings("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                                    + " WHERE NOT active AND database = current_database()")
                            .isEmpty());
            database.close();
        }
    }
}
