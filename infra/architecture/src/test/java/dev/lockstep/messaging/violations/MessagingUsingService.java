package dev.lockstep.messaging.violations;

import dev.lockstep.inventory.InventoryConfig;
import java.util.Map;

/** A deliberate violation. */
public final class MessagingUsingService {
    public InventoryConfig config(Map<String, String> environment) {
        return InventoryConfig.from(environment);
    }
}
