package dev.lockstep.messaging.planted;

import dev.lockstep.inventory.InventoryConfig;
import java.util.Map;

/** A violation on purpose. */
public final class LibraryThatKnowsAService {
    public InventoryConfig config(Map<String, String> environment) {
        return InventoryConfig.from(environment);
    }
}
