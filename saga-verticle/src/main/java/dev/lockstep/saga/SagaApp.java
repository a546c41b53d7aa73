package dev.lockstep.saga;

import dev.lockstep.contracts.Topics;
import dev.lockstep.messaging.outbox.ResendRequested;
import dev.lockstep.relay.OutboxRelay;
import dev.lockstep.relay.RelayConfig;
import dev.lockstep.runtime.BackgroundTask;
import dev.lockstep.runtime.PostgresConfig;
import dev.lockstep.runtime.RunningService;
import dev.lockstep.runtime.ServiceConfig;
import dev.lockstep.runtime.ServiceContext;
import dev.lockstep.runtime.ServiceRunner;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Entry point of the saga service: reads the settings from the environment and sets the exit code. */
public final class SagaApp {
    private static final List<String> TOPICS = Stream.concat(
                    SagaVerticle.CONSUMED.stream(),
                    Stream.of(
                            Topics.INVENTORY_COMMANDS,
                            Topics.PAYMENT_COMMANDS,
                            Topics.ORDER_COMMANDS,
                            ResendRequested.TOPIC))
            .toList();

    private SagaApp() {}

    public static void main(String[] args) {
        ServiceRunner.main(SagaConfig.SERVICE, SagaApp::start);
    }

    /** Starts the service with these settings. Returns once it serves requests. */
    public static RunningService start(Map<String, String> environment) {
        SagaConfig config = SagaConfig.from(environment);
        return ServiceRunner.start(
                config.common(),
                TOPICS,
                context -> new SagaVerticle(config, context),
                config.common().relay().enabled() ? SagaApp::relay : null);
    }

    private static BackgroundTask relay(ServiceContext context) {
        OutboxRelay relay = new OutboxRelay(relayConfig(context.config()), context.meters());
        relay.prepare();
        return new BackgroundTask() {
            @Override
            public void start() {
                relay.start();
            }

            @Override
            public Optional<String> problem() {
                return relay.problem();
            }

            @Override
            public void close() {
                relay.close();
            }
        };
    }

    private static RelayConfig relayConfig(ServiceConfig config) {
        PostgresConfig postgres = config.postgres();
        return new RelayConfig(
                postgres.host(),
                postgres.port(),
                postgres.database(),
                postgres.user(),
                postgres.password().value(),
                config.slotName(),
                "lockstep_outbox",
                "/" + config.service(),
                config.kafka().producer(),
                config.relay().heartbeatInterval(),
                config.relay().stalledAfter());
    }
}
