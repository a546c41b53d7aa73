package dev.lockstep.launcher;

import dev.lockstep.runtime.HealthChecks;
import dev.lockstep.runtime.ListenAddress;
import dev.lockstep.runtime.PostgresProbe;
import dev.lockstep.runtime.ServiceConfig;
import dev.lockstep.runtime.ServiceContext;
import dev.lockstep.runtime.ServiceMetrics;
import dev.lockstep.runtime.StartException;
import dev.lockstep.runtime.tracing.TraceExport;
import dev.lockstep.runtime.tracing.Tracing;
import io.vertx.core.Deployable;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts a service in this order:
 *
 * <pre>
 * port is free ─▶ Postgres answers ─▶ schema ─▶ relay prepared ─▶ verticle deployed ─▶ relay started
 *                                                      └─▶ topics, in the background: Kafka may be unavailable
 * </pre>
 *
 * <p>The relay is prepared before any row can be written, so its replication slot covers every row.
 */
public final class ServiceLauncher {
    private static final Logger LOGGER = LoggerFactory.getLogger(ServiceLauncher.class);

    private ServiceLauncher() {}

    /**
     * Runs a service as a process until it is asked to stop. With the command {@code topics}, creates the missing topics of the service
     * instead and exits: without Postgres, and whatever TOPIC_CREATE is. The exit codes are those of {@link ExitCode}. If the service
     * cannot start or the command fails, the reason is written to standard error without a stack trace.
     *
     * @param topics the topics that the service writes to and reads from
     * @param start starts the service with the settings of the environment
     * @param command the arguments of the process; empty to run the service
     */
    public static void main(
            String service,
            List<String> topics,
            Function<Map<String, String>, RunningService> start,
            String... command) {
        switch (String.join(" ", command)) {
            case "" -> ServiceProcess.run(service, start, System.getenv());
            case "topics" -> ServiceProcess.createTopics(service, topics, System.getenv());
            default -> ServiceProcess.rejectCommand(service, command);
        }
    }

    /**
     * Starts a service and its relay, unless RELAY_ENABLED is false, and returns once it serves requests. Blocks while Postgres is
     * unavailable. Kafka may be unavailable: the service then starts, but is not ready until Kafka is reachable.
     *
     * @param topics the topics that the service writes to and reads from; each has a dead-letter topic beside it
     * @throws StartException if the service cannot start for a reason that an operator can fix
     */
    public static RunningService start(
            ServiceConfig config, List<String> topics, Function<ServiceContext, ? extends Deployable> verticle) {
        return start(config, topics, verticle, config.relay().enabled() ? RelayTask::new : null);
    }

    static RunningService start(
            ServiceConfig config,
            List<String> topics,
            Function<ServiceContext, ? extends Deployable> verticle,
            @Nullable Function<ServiceContext, BackgroundTask> relay) {
        long begun = System.nanoTime();
        LOGGER.atInfo()
                .addKeyValue("service", config.service())
                .addKeyValue("config", config.toString())
                .log("starting");
        warnAboutUnknownKafkaProperties(config);
        warnAboutTokensInClear(config);
        TraceExport traces = config.process().traces();
        ServiceMetrics metrics = new ServiceMetrics(config.service(), traces != null);
        Tracing tracing = Tracing.open(traces, config.service(), metrics.registry());
        CertificateMetrics.register(config.kafka(), metrics.registry());
        ServiceContext context = new ServiceContext(config, metrics.registry(), new HealthChecks(), tracing.messages());
        RunningService running = new RunningService(context, metrics, tracing);
        try {
            open(running, context, () -> metrics.vertx(tracing), topics, verticle, relay);
        } catch (RuntimeException | Error e) {
            running.close();
            throw e;
        }
        LOGGER.atInfo()
                .addKeyValue("service", config.service())
                .addKeyValue("host", config.http().host())
                .addKeyValue("port", running.httpPort())
                .addKeyValue("adminPort", running.adminPort())
                .addKeyValue(
                        "tookMs", Duration.ofNanos(System.nanoTime() - begun).toMillis())
                .addKeyValue("scheme", config.http().scheme())
                .log("started");
        return running;
    }

    private static void open(
            RunningService running,
            ServiceContext context,
            Supplier<Vertx> newVertx,
            List<String> topicNames,
            Function<ServiceContext, ? extends Deployable> verticle,
            @Nullable Function<ServiceContext, BackgroundTask> relayFactory) {
        ListenAddress.check(context.config().http());
        PostgresStartup postgres = new PostgresStartup(context.config());
        postgres.await();
        postgres.migrate();

        BackgroundTask relay = relayFactory == null ? null : relayFactory.apply(context);
        if (relay != null) {
            running.opened(relay);
            context.health().register("relay process", relay::problem);
            context.health().registerLiveness("relay process", relay::stall);
            relay.prepare();
        }

        WarmUp.run(context);
        Vertx vertx = newVertx.get();
        running.opened(vertx);
        PostgresProbe probe = new PostgresProbe(vertx, context.config());
        running.opened(probe);
        context.health().register("postgres", probe::problem);

        TopicProvisioner topics = new TopicProvisioner(vertx, context.config(), topicNames);
        running.opened(topics);
        context.health().register("topics", topics::problem);
        topics.start();

        running.deployed(await(vertx.deployVerticle(new StoppedOnFailure(verticle.apply(context)))));
        if (relay != null) {
            relay.start();
        }
    }

    private static void warnAboutUnknownKafkaProperties(ServiceConfig config) {
        config.kafka()
                .unknownVariables()
                .forEach(variable -> LOGGER.atWarn()
                        .addKeyValue("service", config.service())
                        .addKeyValue("setting", variable)
                        .log("no Kafka client has this property; it is passed on because a plug-in may use it"));
    }

    private static void warnAboutTokensInClear(ServiceConfig config) {
        if (config.http().receivesTokensInClear()) {
            LOGGER.atWarn()
                    .addKeyValue("service", config.service())
                    .addKeyValue("host", config.http().host())
                    .log("access tokens reach this service unencrypted unless a proxy in front of it terminates TLS;"
                            + " HTTP_TLS_CERT and HTTP_TLS_KEY turn on HTTPS");
        }
    }

    private static <T> T await(Future<T> future) {
        try {
            return future.toCompletionStage().toCompletableFuture().get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StartException("interrupted while starting", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause
                    ? cause
                    : new StartException(String.valueOf(e.getCause()), e.getCause());
        }
    }
}
