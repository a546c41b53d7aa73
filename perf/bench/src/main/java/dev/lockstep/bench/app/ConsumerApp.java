package dev.lockstep.bench.app;

import dev.lockstep.launcher.RunningService;
import dev.lockstep.launcher.ServiceLauncher;
import dev.lockstep.messaging.delivery.MessageCodec;
import dev.lockstep.messaging.delivery.MessageHandler;
import dev.lockstep.messaging.delivery.ReceivedMessage;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.messaging.outbox.OutboxMessage;
import dev.lockstep.runtime.Env;
import dev.lockstep.runtime.ServiceConfig;
import dev.lockstep.runtime.ServiceContext;
import dev.lockstep.runtime.ServiceResources;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A service that consumes one topic. For each message it changes one row of its state and appends one message to the outbox. It is written
 * with the library as any service would be. {@code BENCH_GROUP} is its consumer group.
 */
public final class ConsumerApp {
    /** The topic that it reads. */
    public static final String TOPIC = "bench.commands";
    /** The setting with the name of the consumer group, which ends with {@code -service}. */
    public static final String GROUP = "BENCH_GROUP";
    /** Its state. */
    public static final String TABLE = "CREATE TABLE bench_state (key text PRIMARY KEY, handled bigint NOT NULL)";

    private static final String DEFAULT_GROUP = "bench-service";

    private ConsumerApp() {}

    /** The message that it handles. */
    public record Work(String key, String text) {}

    /** The message that it appends. */
    public record Done(String key, String text) {}

    public static void main(String[] args) {
        ServiceLauncher.main(DEFAULT_GROUP, List.of(TOPIC), ConsumerApp::start, args);
    }

    private static RunningService start(Map<String, String> environment) {
        Env env = new Env(environment);
        String group = env.string(GROUP, DEFAULT_GROUP);
        ServiceConfig common = ServiceConfig.read(env, group, 0);
        ServiceConfig config = env.build(group, () -> common);
        return ServiceLauncher.start(config, List.of(TOPIC), ConsumerVerticle::new);
    }

    private static final class ConsumerVerticle extends VerticleBase {
        private final ServiceContext service;
        private @Nullable ServiceResources resources;

        ConsumerVerticle(ServiceContext service) {
            this.service = service;
        }

        @Override
        public Future<?> start() {
            ServiceResources opened = ServiceResources.open(vertx, service);
            resources = opened;
            return opened.startMessaging()
                    .compose(started -> opened.startConsumer(
                            List.of(TOPIC), MessageCodec.of(Work.class).keyedBy("key", Work::key), new WorkHandler()))
                    .compose(started -> opened.listen());
        }

        @Override
        public Future<?> stop() {
            return resources == null ? Future.succeededFuture() : resources.close();
        }
    }

    private static final class WorkHandler implements MessageHandler<Work> {
        // Locks the rows in the order of their keys.
        private static final String COUNT = """
            INSERT INTO bench_state AS s (key, handled)
            SELECT key, count(*) FROM unnest($1::text[]) AS m (key) GROUP BY key ORDER BY key
                ON CONFLICT (key) DO UPDATE SET handled = s.handled + EXCLUDED.handled
            """;

        private final Outbox outbox = new Outbox();

        @Override
        public Future<Void> handle(SqlConnection tx, List<ReceivedMessage<Work>> messages) {
            String[] keys = messages.stream().map(each -> each.message().key()).toArray(String[]::new);
            List<OutboxMessage> replies = messages.stream()
                    .map(each -> OutboxMessage.of(
                            "bench",
                            each.message().key(),
                            BareServiceApp.TOPIC,
                            new Done(each.message().key(), each.message().text()),
                            each.traceparent()))
                    .toList();
            return tx.preparedQuery(COUNT)
                    .execute(Tuple.tuple().addValue(keys))
                    .compose(counted -> outbox.append(tx, replies));
        }
    }
}
