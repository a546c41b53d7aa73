package dev.lockstep.launcher;

import dev.lockstep.messaging.http.JsonBody;
import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.http.QueryParameters;
import dev.lockstep.messaging.http.Responses;
import dev.lockstep.runtime.Env;
import dev.lockstep.runtime.HttpApi;
import dev.lockstep.runtime.ServiceConfig;
import dev.lockstep.runtime.ServiceContext;
import dev.lockstep.runtime.ServiceRoutes;
import dev.lockstep.runtime.auth.Access;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** A minimal service for tests. It can also run as a separate process. */
final class EchoService extends VerticleBase {
    static final String NAME = "echo-service";
    static final List<String> TOPICS = List.of("echo.heard");

    record Echo(@Nullable String text, @Nullable Integer times) {}

    /** Lets a test keep a request in flight. */
    static final class Gate {
        final CountDownLatch reached = new CountDownLatch(1);
        final Promise<Void> open = Promise.promise();
    }

    private final ServiceContext service;
    private final Gate gate;
    private @Nullable Pool pool;

    EchoService(ServiceContext service, Gate gate) {
        this.service = service;
        this.gate = gate;
    }

    public static void main(String[] args) {
        ServiceLauncher.main(NAME, TOPICS, environment -> start(environment, List.of(), new Gate(), null), args);
    }

    static RunningService start(
            Map<String, String> environment, List<String> topics, Gate gate, @Nullable BackgroundTask relay) {
        return ServiceLauncher.start(
                config(environment),
                topics,
                context -> new EchoService(context, gate),
                relay == null ? null : context -> relay);
    }

    static ServiceConfig config(Map<String, String> environment) {
        Env env = new Env(environment);
        ServiceConfig config = ServiceConfig.read(env, NAME, 8080);
        return env.build(NAME, () -> config);
    }

    /** Settings for this database and Kafka cluster, with any free HTTP port. */
    static Map<String, String> settings(String postgresUri, String bootstrapServers, Map<String, String> more) {
        Map<String, String> settings = new HashMap<>(Map.of(
                "HTTP_PORT", "0",
                "POSTGRES_URI", postgresUri,
                "POSTGRES_USER", "lockstep",
                "POSTGRES_PASSWORD", "lockstep",
                "POSTGRES_POOL_SIZE", "2",
                "KAFKA_BOOTSTRAP_SERVERS", bootstrapServers));
        settings.putAll(more);
        return settings;
    }

    @Override
    public Future<?> start() {
        Pool opened = service.config().postgres().pool(vertx, "echo-pg");
        pool = opened;
        ServiceRoutes routes = ServiceRoutes.open(vertx, service);
        routes.post("/echo", Access.open(), ctx -> Responses.json(ctx, 200, JsonBody.read(ctx, Echo.class)));
        routes.get(
                "/echo/:id",
                Access.open(),
                ctx -> opened.preparedQuery("SELECT id FROM echo WHERE id = $1")
                        .execute(Tuple.of(ctx.pathParam("id")))
                        .onFailure(ctx::fail)
                        .onSuccess(rows -> ctx.fail(Problem.notFound("There is no echo " + ctx.pathParam("id")))));
        routes.delete("/echo/:id", Access.open(), ctx -> ctx.end());
        routes.get("/echo", Access.open(), ctx -> {
            QueryParameters query = QueryParameters.of(ctx);
            int limit = query.limit();
            query.requireValid();
            Responses.json(ctx, 200, Map.of("limit", limit));
        });
        routes.get("/broken", Access.open(), ctx -> {
            throw new IllegalStateException("the secret of the service");
        });
        routes.get(
                "/busy", Access.open(), ctx -> ctx.fail(Problem.unavailable("Too much to do", Duration.ofSeconds(7))));
        routes.get("/slow", Access.open(), ctx -> {
            gate.reached.countDown();
            gate.open.future().onSuccess(opening -> Responses.json(ctx, 200, Map.of("slow", true)));
        });
        return HttpApi.listen(vertx, routes, service);
    }

    @Override
    public Future<?> stop() {
        return pool == null ? Future.succeededFuture() : pool.close();
    }

    /** A relay that only records the calls it receives. */
    static final class FakeRelay implements BackgroundTask {
        volatile boolean prepared;
        volatile boolean started;
        volatile boolean closed;
        volatile @Nullable RuntimeException refusal;
        volatile Optional<String> problem = Optional.empty();
        volatile Optional<String> stall = Optional.empty();

        @Override
        public Optional<String> stall() {
            return stall;
        }

        @Override
        public void prepare() {
            prepared = true;
            RuntimeException refused = refusal;
            if (refused != null) {
                throw refused;
            }
        }

        @Override
        public void start() {
            started = true;
        }

        @Override
        public Optional<String> problem() {
            return problem;
        }

        @Override
        public void close() {
            closed = true;
        }
    }
}
