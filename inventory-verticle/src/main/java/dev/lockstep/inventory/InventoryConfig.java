package dev.lockstep.inventory;

import dev.lockstep.runtime.Env;
import dev.lockstep.runtime.ServiceConfig;
import java.util.Map;

/** Settings of the inventory service. It has only those common to all services. */
public record InventoryConfig(ServiceConfig common) {
    static final String SERVICE = "inventory-service";
    private static final int PORT = 8081;

    public static InventoryConfig from(Map<String, String> environment) {
        Env env = new Env(environment);
        ServiceConfig common = ServiceConfig.read(env, SERVICE, PORT);
        return env.build(SERVICE, () -> new InventoryConfig(common));
    }
}
