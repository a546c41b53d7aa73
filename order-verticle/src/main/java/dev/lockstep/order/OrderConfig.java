package dev.lockstep.order;

import dev.lockstep.runtime.Env;
import dev.lockstep.runtime.PeersConfig;
import dev.lockstep.runtime.ServiceConfig;
import java.time.Duration;
import java.util.Map;

/**
 * Settings of the order service.
 *
 * @param peers the services that are queried for an order's timeline and for the sagas of overdue orders
 * @param intakeConnections maximum number of concurrent writes of new orders
 * @param intakeBatch maximum number of new orders in one write
 * @param intakeQueue maximum number of new orders that wait for a write; further orders are refused
 * @param intakeTimeout how long a new order waits for its write to begin, and how long a write may then take
 * @param pendingWarningAfter age at which a PENDING order causes a warning on the health endpoint
 */
public record OrderConfig(
        ServiceConfig common,
        PeersConfig peers,
        int intakeConnections,
        int intakeBatch,
        int intakeQueue,
        Duration intakeTimeout,
        Duration pendingWarningAfter) {
    static final String SERVICE = "order-service";
    private static final int DEFAULT_PORT = 8080;

    /** Reads and validates all settings, and reports all invalid settings at once. */
    public static OrderConfig from(Map<String, String> environment) {
        Env env = new Env(environment);
        ServiceConfig common = ServiceConfig.read(env, SERVICE, DEFAULT_PORT);
        PeersConfig peers = PeersConfig.read(env);
        int connections = env.integer("ORDER_INTAKE_CONNECTIONS", 4);
        int batch = env.integer("ORDER_INTAKE_BATCH", 128);
        int queue = env.integer("ORDER_INTAKE_QUEUE", 10_000);
        Duration timeout = env.duration("ORDER_INTAKE_PATIENCE", Duration.ofSeconds(10));
        Duration pending = env.duration("ORDER_PENDING_WARNING_AFTER", Duration.ofMinutes(2));
        env.checkTimeout("ORDER_PENDING_WARNING_AFTER", pending);
        env.check(connections >= 1, "ORDER_INTAKE_CONNECTIONS must be at least 1, but was " + connections);
        env.check(batch >= 1, "ORDER_INTAKE_BATCH must be at least 1, but was " + batch);
        env.check(queue >= 1, "ORDER_INTAKE_QUEUE must be at least 1, but was " + queue);
        env.checkTimeout("ORDER_INTAKE_PATIENCE", timeout);
        return env.build(SERVICE, () -> new OrderConfig(common, peers, connections, batch, queue, timeout, pending));
    }
}
