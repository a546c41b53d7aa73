package dev.lockstep.saga;

import static dev.lockstep.testing.Futures.await;

import dev.lockstep.contracts.Message;
import dev.lockstep.contracts.Topics;
import dev.lockstep.messaging.MessagingSchema;
import dev.lockstep.messaging.delivery.ReceivedMessage;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.messaging.tracing.Telemetry;
import dev.lockstep.runtime.HealthChecks;
import dev.lockstep.runtime.Peers;
import dev.lockstep.runtime.ServiceContext;
import dev.lockstep.saga.domain.OrderId;
import dev.lockstep.saga.domain.OrderSaga;
import dev.lockstep.saga.domain.SagaDeadlines;
import dev.lockstep.testing.DatabaseTemplate;
import dev.lockstep.testing.ServiceSettings;
import dev.lockstep.testing.TestResource;
import dev.lockstep.testing.VertxDatabase;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A separate database with the saga tables, and a processor that uses it. */
final class SagaDatabase extends TestResource {
    static final SagaDeadlines DEADLINES = new SagaDeadlines(
            Duration.ofSeconds(100), Duration.ofSeconds(200), Duration.ofSeconds(300), Duration.ofSeconds(400));

    private static final String SENT = """
            SELECT type, topic, aggregatetype, traceparent
              FROM outbox
             WHERE aggregateid = $1
             ORDER BY id
            """;
    private static final String SECONDS_LEFT =
            "SELECT extract(epoch FROM deadline - now())::float8 AS left FROM saga WHERE order_id = $1";
    private static final String PASS_DEADLINE =
            "UPDATE saga SET deadline = now() - interval '1 second' WHERE order_id = $1";

    private static final DatabaseTemplate TABLES =
            DatabaseTemplate.ofService("sagas", MessagingSchema::migrate, "db/migration/saga");

    private final VertxDatabase data = new VertxDatabase(TABLES, 5);
    final Vertx vertx = data.vertx();
    final Pool pool = data.pool();
    final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    final SagaMessages messages = new SagaMessages();
    final SagaStore store = new SagaStore(messages);
    final SagaViewStore views = new SagaViewStore(messages);
    final SagaHistoryStore history = new SagaHistoryStore();
    final SagaConfig config = SagaConfig.from(
            ServiceSettings.of(data.database().uri(), "localhost:9092", Map.of("HTTP_TRUSTED_PROXIES", "127.0.0.1")));
    final Peers peers =
            Peers.open(vertx, new ServiceContext(config.common(), meters, new HealthChecks()), config.peers());
    final ActiveSagas activeSagas = new ActiveSagas(store, pool, 10, meters);
    final SagaProcessor processor = new SagaProcessor(
            new OrderSaga(DEADLINES),
            messages,
            store,
            history,
            new Outbox(),
            new SagaMetrics(Telemetry.of(meters), activeSagas));

    /** A message that was sent for an order. */
    record Sent(
            String type,
            String topic,
            String aggregateType,
            @Nullable String traceparent) {}

    /** Handles the messages as one batch in one transaction. */
    Future<Void> batch(Message... batch) {
        return pool.withTransaction(tx -> handle(tx, batch)).mapEmpty();
    }

    Future<Void> handle(SqlConnection tx, Message... batch) {
        return processor.handle(
                tx,
                List.of(batch).stream().map(message -> received(message, null)).toList());
    }

    static ReceivedMessage<Message> received(Message message, @Nullable String traceparent) {
        return new ReceivedMessage<>(
                message, UUID.randomUUID(), Topics.of(message), 0, 0, message.orderId(), traceparent);
    }

    SagaView saga(String orderId) {
        return await(views.find(pool, orderId)).orElseThrow();
    }

    List<Map<String, Object>> history(String orderId) {
        return await(history.ofOrder(pool, new OrderId(orderId)));
    }

    List<Sent> sent(String orderId) {
        return await(pool.preparedQuery(SENT).execute(Tuple.of(orderId)).map(rows -> {
            List<Sent> sent = new ArrayList<>();
            for (Row row : rows) {
                sent.add(new Sent(
                        row.getString("type"),
                        row.getString("topic"),
                        row.getString("aggregatetype"),
                        row.getString("traceparent")));
            }
            return sent;
        }));
    }

    List<String> sentTypes(String orderId) {
        return sent(orderId).stream().map(Sent::type).toList();
    }

    /** The time until the deadline by the clock of the database, or null if there is no deadline. */
    @Nullable
    Double secondsLeft(String orderId) {
        return await(pool.preparedQuery(SECONDS_LEFT)
                        .execute(Tuple.of(orderId))
                        .map(rows -> Optional.ofNullable(rows.iterator().next().getDouble("left"))))
                .orElse(null);
    }

    /** Moves the deadline of the saga into the past. */
    void passDeadline(String orderId) {
        await(pool.preparedQuery(PASS_DEADLINE).execute(Tuple.of(orderId)));
    }

    /** The number of transactions that wait for a lock. */
    long waiting() {
        return await(pool.query("SELECT pid FROM pg_stat_activity"
                        + " WHERE datname = current_database() AND wait_event_type = 'Lock'")
                .execute()
                .map(rows -> (long) rows.size()));
    }

    @Override
    public void close() {
        data.close();
    }
}
