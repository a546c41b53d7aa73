package dev.lockstep.inventory;

import dev.lockstep.runtime.Env;
import dev.lockstep.runtime.ServiceConfig;
import java.util.Map;

/** Everything inventory-service can be told: what every service can be told, and nothing of its own. */
public record InventoryConfig(ServiceConfig common) {
    static final String SERVICE = "inventory-service";
    private static final int PORT = 8081;

    public static InventoryConfig from(Map<String, String> environment) {
        Env env = new Env(environment);
        ServiceConfig common = ServiceConfig.read(env, SERVICE, PORT);
        return env.build(SERVICE, () -> new InventoryConfig(common));
    }
}
