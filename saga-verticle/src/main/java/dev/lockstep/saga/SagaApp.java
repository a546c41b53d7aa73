package dev.lockstep.saga;

import dev.lockstep.contracts.Topics;
import dev.lockstep.launcher.RunningService;
import dev.lockstep.launcher.ServiceLauncher;
import dev.lockstep.messaging.outbox.ResendRequested;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Entry point of the saga service. */
public final class SagaApp {
    static final List<String> TOPICS = Stream.concat(
                    SagaVerticle.CONSUMED.stream(),
                    Stream.of(
                            Topics.INVENTORY_COMMANDS,
                            Topics.PAYMENT_COMMANDS,
                            Topics.ORDER_COMMANDS,
                            ResendRequested.TOPIC))
            .toList();

    private SagaApp() {}

    public static void main(String[] args) {
        ServiceLauncher.main(SagaConfig.SERVICE, TOPICS, SagaApp::start, args);
    }

    /** Starts the service with these settings. Returns once it serves requests. */
    public static RunningService start(Map<String, String> environment) {
        SagaConfig config = SagaConfig.from(environment);
        return ServiceLauncher.start(config.common(), TOPICS, context -> new SagaVerticle(config, context));
    }
}
