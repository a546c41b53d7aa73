package dev.lockstep.order;

import dev.lockstep.contracts.Topics;
import dev.lockstep.launcher.RunningService;
import dev.lockstep.launcher.ServiceLauncher;
import dev.lockstep.messaging.outbox.ResendRequested;
import java.util.List;
import java.util.Map;

/** Entry point of the order service. */
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
        ServiceLauncher.main(OrderConfig.SERVICE, TOPICS, OrderApp::start, args);
    }

    /** Starts the service with these settings. Returns once it serves requests. */
    public static RunningService start(Map<String, String> environment) {
        OrderConfig config = OrderConfig.from(environment);
        return ServiceLauncher.start(config.common(), TOPICS, context -> new OrderVerticle(config, context));
    }
}
