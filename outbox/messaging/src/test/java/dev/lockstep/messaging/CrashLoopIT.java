package dev.lockstep.messaging;

import static dev.lockstep.messaging.Fixture.greeter;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.messaging.Fixture.Greeting;
import dev.lockstep.messaging.consumer.MessageConsumer;
import dev.lockstep.messaging.delivery.MessageHandler;
import dev.lockstep.messaging.delivery.ReceivedMessage;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.sqlclient.ClosedConnectionException;
import io.vertx.sqlclient.SqlConnection;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A record that crashes the process whenever it is handled. The process is restarted each time. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class CrashLoopIT {
    private static final int MAX_PROCESSES = 12;

    @RegisterExtension
    final Fixture fixture = new Fixture();

    private final List<Promise<Void>> crashes = new CopyOnWriteArrayList<>();

    @AfterEach
    void close() {
        crashes.forEach(crash -> crash.tryFail(ClosedConnectionException.INSTANCE));
    }

    @Test
    void only_the_record_in_progress_at_the_crash_becomes_a_dead_letter() {
        fixture.createTopic(3);
        hello(0, "ann");
        hello(0, "abe");
        hello(1, "crash");
        hello(1, "bob");
        hello(2, "cid");

        startProcessesUntilOneSurvives((tx, messages) ->
                contains("crash", messages) ? crash(tx) : greeter().handle(tx, messages));

        await().untilAsserted(
                        () -> assertThat(fixture.greeted()).containsExactlyInAnyOrder("ann", "abe", "bob", "cid"));
        assertThat(fixture.strings("SELECT reason || ' ' || partition || ' ' || \"offset\" FROM dead_letter"))
                .containsExactly("CONSUMER_CRASHED 1 0");
    }

    @Test
    void a_parked_message_whose_retry_crashes_the_process_is_counted_too() {
        fixture.createTopic(1);
        hello(0, "crash");
        hello(0, "bob");
        AtomicBoolean first = new AtomicBoolean(true);

        startProcessesUntilOneSurvives((tx, messages) -> {
            if (!contains("crash", messages)) {
                return greeter().handle(tx, messages);
            }
            // The batch of two is bisected first, to isolate the record.
            boolean parks = messages.size() > 1 || first.getAndSet(false);
            return parks ? Future.failedFuture(new IllegalStateException("not now")) : crash(tx);
        });

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("bob"));
        assertThat(fixture.strings("SELECT reason || ' ' || attempts FROM dead_letter"))
                .containsExactly("CONSUMER_CRASHED 4");
        assertThat(fixture.strings("SELECT topic FROM parked_message")).isEmpty();
    }

    @Test
    void of_parked_messages_retried_together_only_the_one_that_crashes_the_process_becomes_a_dead_letter() {
        List<String> names = List.of("ann", "crash", "bob", "cid");
        fixture.createTopic(names.size());
        names.forEach(name -> hello(names.indexOf(name), name));
        Set<String> parked = ConcurrentHashMap.newKeySet();

        startProcessesUntilOneSurvives((tx, messages) -> {
            boolean parks = messages.size() == 1
                    ? parked.add(messages.getFirst().message().name())
                    : parked.size() < names.size();
            if (parks) {
                return Future.failedFuture(new IllegalStateException("not now"));
            }
            return contains("crash", messages) ? crash(tx) : greeter().handle(tx, messages);
        });

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactlyInAnyOrder("ann", "bob", "cid"));
        assertThat(fixture.strings("SELECT reason || ' ' || partition FROM dead_letter"))
                .containsExactly("CONSUMER_CRASHED 1");
    }

    private void startProcessesUntilOneSurvives(MessageHandler<Greeting> handler) {
        for (int process = 0; process < MAX_PROCESSES; process++) {
            int before = crashes.size();
            MessageConsumer consumer = fixture.consume(handler);
            await().atMost(Duration.ofSeconds(30)).until(() -> crashes.size() > before || isEverythingHandled());
            if (crashes.size() == before) {
                return;
            }
            fixture.stopWithoutWaiting(consumer);
            removeMembersFromGroup();
        }
    }

    private boolean isEverythingHandled() {
        return !fixture.strings("SELECT id FROM dead_letter").isEmpty()
                && fixture.strings("SELECT topic FROM parked_message").isEmpty();
    }

    // Has the effect of kill -9: the transaction is aborted, nothing runs after the handler, and no start count is
    // undone.
    private Future<Void> crash(SqlConnection tx) {
        Promise<Void> never = Promise.promise();
        return tx.query("SELECT pg_terminate_backend(pg_backend_pid())")
                .execute()
                .transform(gone -> {
                    crashes.add(never);
                    return never.future();
                });
    }

    private void removeMembersFromGroup() {
        await().ignoreExceptions().until(() -> {
            fixture.admin
                    .removeMembersFromConsumerGroup(fixture.group, new RemoveMembersFromConsumerGroupOptions())
                    .all()
                    .get();
            return true;
        });
    }

    private static boolean contains(String name, List<ReceivedMessage<Greeting>> messages) {
        return messages.stream().anyMatch(each -> each.message().name().equals(name));
    }

    private void hello(int partition, String name) {
        ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(
                fixture.topic,
                partition,
                ("k" + partition).getBytes(StandardCharsets.UTF_8),
                ("{\"name\":\"" + name + "\"}").getBytes(StandardCharsets.UTF_8));
        record.headers()
                .add("ce_type", "Hello".getBytes(StandardCharsets.UTF_8))
                .add("ce_source", "/tests".getBytes(StandardCharsets.UTF_8))
                .add("ce_time", fixture.time.getBytes(StandardCharsets.UTF_8))
                .add("ce_id", UUID.randomUUID().toString().getBytes(StandardCharsets.UTF_8));
        fixture.send(record);
    }
}
