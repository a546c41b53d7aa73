package dev.lockstep.payment;

import dev.lockstep.contracts.Topics;
import dev.lockstep.launcher.RunningService;
import dev.lockstep.launcher.ServiceLauncher;
import dev.lockstep.messaging.outbox.ResendRequested;
import java.util.List;
import java.util.Map;

/** Entry point of the payment service. */
public final class PaymentApp {
    private static final List<String> TOPICS =
            List.of(Topics.PAYMENT_COMMANDS, Topics.PAYMENT_UPDATED, ResendRequested.TOPIC);

    private PaymentApp() {}

    public static void main(String[] args) {
        ServiceLauncher.main(PaymentConfig.SERVICE, TOPICS, PaymentApp::start, args);
    }

    /** Starts the service with these settings. Returns once it serves requests. */
    public static RunningService start(Map<String, String> environment) {
        PaymentConfig config = PaymentConfig.from(environment);
        return ServiceLauncher.start(config.common(), TOPICS, context -> new PaymentVerticle(config, context));
    }
}
