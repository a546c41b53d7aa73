package dev.lockstep.order;

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

/** Entry point of the order service: reads the settings from the environment and sets the exit code. */
public final class OrderApp {
    private static final List<String> TOPICS = List.of(
            Topics.ORDER_CREATED,
            Topics.ORDER_CANCEL_REQUESTED,
            Topics.ORDER_COMMANDS,
            Topics.ORDER_CONFIRMED,
            Topics.ORDER_CANCELLED,
            ResendRequested.TOPIC);

    private OrderApp() {}

    public static void main(String[] args) {
        ServiceRunner.main(OrderConfig.SERVICE, OrderApp::start);
    }

    /** Starts the service with these settings. Returns once it serves requests. */
    public static RunningService start(Map<String, String> environment) {
        OrderConfig config = OrderConfig.from(environment);
        return ServiceRunner.start(
                config.common(),
                TOPICS,
                context -> new OrderVerticle(config, context),
                config.common().relay().enabled() ? OrderApp::relay : null);
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
