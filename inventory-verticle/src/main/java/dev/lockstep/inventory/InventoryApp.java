package dev.lockstep.inventory;

import dev.lockstep.contracts.Topics;
import dev.lockstep.launcher.RunningService;
import dev.lockstep.launcher.ServiceLauncher;
import dev.lockstep.messaging.outbox.ResendRequested;
import java.util.List;
import java.util.Map;

/** Entry point of the inventory service. */
public final class InventoryApp {
    private static final List<String> TOPICS =
            List.of(Topics.INVENTORY_COMMANDS, Topics.INVENTORY_UPDATED, ResendRequested.TOPIC);

    private InventoryApp() {}

    public static void main(String[] args) {
        ServiceLauncher.main(InventoryConfig.SERVICE, TOPICS, InventoryApp::start, args);
    }

    /** Starts the service with these settings. Returns once it serves requests. */
    public static RunningService start(Map<String, String> environment) {
        InventoryConfig config = InventoryConfig.from(environment);
        return ServiceLauncher.start(config.common(), TOPICS, InventoryVerticle::new);
    }
}
