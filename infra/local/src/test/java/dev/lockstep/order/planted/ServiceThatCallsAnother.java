package dev.lockstep.order.planted;

import dev.lockstep.inventory.InventoryConfig;
import java.util.Map;

/** A violation on purpose. */
public final class ServiceThatCallsAnother {
    public InventoryConfig config(Map<String, String> environment) {
        return InventoryConfig.from(environment);
    }
}
