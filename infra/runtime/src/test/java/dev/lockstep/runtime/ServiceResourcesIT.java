package dev.lockstep.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.messaging.MessagingSchema;
import dev.lockstep.messaging.delivery.MessageCodec;
import dev.lockstep.testing.TestDatabase;
import dev.lockstep.testing.TestKafka;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
@Timeout(120)
class ServiceResourcesIT {
    @RegisterExtension
    final TestDatabase database = new TestDatabase("resources");

    @RegisterExtension
    final TestKafka kafka = new TestKafka();

    private final Vertx vertx = Vertx.vertx();

    record Ping() {}

    /** Opens and closes its resources as a service does. */
    private static final class Verticle extends VerticleBase {
        private final ServiceContext service;
        private @Nullable ServiceResources resources;

        Verticle(ServiceContext service) {
            this.service = service;
        }

        @Override
        public Future<?> start() {
            ServiceResources opened = ServiceResources.open(vertx, service);
            resources = opened;
            return opened.startMessaging()
                    .compose(started -> opened.startConsumer(
                            List.of("resources.pings"),
                            MessageCodec.of(Ping.class),
                            (tx, pings) -> Future.succeededFuture()))
                    .compose(started -> opened.listen());
        }

        @Override
        public Future<?> stop() {
            return resources == null ? Future.succeededFuture() : resources.close();
        }
    }

    @BeforeEach
    void nothing_is_open() {
        assertThat(consumerThreads()).isEmpty();
        assertThat(connections()).isZero();
    }

    @AfterEach
    void close() throws TimeoutException {
        await(vertx.close());
    }

    @Test
    void everything_that_is_open_is_reported_to_health_and_closed() throws TimeoutException {
        ServiceContext service = service(0);
        MessagingSchema.migrate(service.config().postgres().dataSource());

        String deployment = await(vertx.deployVerticle(new Verticle(service)));

        assertThat(service.health().readiness().checks())
                .extracting(HealthChecks.Check::name)
                .containsExactly("consumer", "relay", "resends", "slot");
        assertThat(consumerThreads())
                .containsExactly("consumer-resources-service", "consumer-resources-service.resends");
        assertThat(connections()).isPositive();

        await(vertx.undeploy(deployment));

        assertThatNothingIsOpen();
    }

    @Test
    void a_start_that_fails_at_the_http_server_can_be_closed() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            ServiceContext service = service(taken.getLocalPort());
            MessagingSchema.migrate(service.config().postgres().dataSource());

            assertThatAFailedStartClosesEverything(new Verticle(service), "is in use by another process");
        }
    }

    @Test
    void a_start_that_fails_at_messaging_can_be_closed() throws TimeoutException {
        // The database has no tables.
        assertThatAFailedStartClosesEverything(new Verticle(service(0)), "ensure_partitions");
    }

    private void assertThatAFailedStartClosesEverything(Verticle verticle, String reason) throws TimeoutException {
        assertThatThrownBy(() -> await(vertx.deployVerticle(verticle))).hasMessageContaining(reason);

        await(Future.future(stopped ->
                vertx.runOnContext(stop -> verticle.stop().<Object>mapEmpty().onComplete(stopped))));

        assertThatNothingIsOpen();
    }

    private void assertThatNothingIsOpen() {
        Awaitility.await().untilAsserted(() -> {
            assertThat(consumerThreads()).isEmpty();
            assertThat(connections()).isZero();
        });
    }

    private static List<String> consumerThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("consumer-resources-service"))
                .sorted()
                .toList();
    }

    private int connections() {
        return database.strings("""
                        SELECT pid FROM pg_stat_activity
                         WHERE application_name LIKE 'resources-%' AND datname = current_database()
                        """).size();
    }

    private ServiceContext service(int httpPort) {
        Env env = new Env(Map.of(
                "HTTP_PORT", Integer.toString(httpPort),
                "POSTGRES_URI", database.uri(),
                "POSTGRES_USER", "lockstep",
                "POSTGRES_PASSWORD", "lockstep",
                "KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrapServers()));
        ServiceConfig config = ServiceConfig.read(env, "resources-service", 8080);
        return new ServiceContext(
                env.build("resources-service", () -> config), new SimpleMeterRegistry(), new HealthChecks());
    }

    private static <T> T await(Future<T> future) throws TimeoutException {
        return future.await(60, TimeUnit.SECONDS);
    }
}
