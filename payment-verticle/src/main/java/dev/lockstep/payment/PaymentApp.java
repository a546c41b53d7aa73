package dev.lockstep.payment;

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

/** Entry point of the payment service: reads the settings from the environment and sets the exit code. */
public final class PaymentApp {
    private static final List<String> TOPICS =
            List.of(Topics.PAYMENT_COMMANDS, Topics.PAYMENT_UPDATED, ResendRequested.TOPIC);

    private PaymentApp() {}

    public static void main(String[] args) {
        ServiceRunner.main(PaymentConfig.SERVICE, PaymentApp::start);
    }

    /** Starts the service with these settings. Returns once it serves requests. */
    public static RunningService start(Map<String, String> environment) {
        PaymentConfig config = PaymentConfig.from(environment);
        return ServiceRunner.start(
                config.common(),
                TOPICS,
                context -> new PaymentVerticle(config, context),
                config.common().relay().enabled() ? PaymentApp::relay : null);
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
