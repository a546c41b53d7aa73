package dev.lockstep.order.violations;

import dev.lockstep.inventory.InventoryConfig;
import java.util.Map;

/** A deliberate violation. */
public final class ServiceUsingAnotherService {
    public InventoryConfig config(Map<String, String> environment) {
        return InventoryConfig.from(environment);
    }
}
