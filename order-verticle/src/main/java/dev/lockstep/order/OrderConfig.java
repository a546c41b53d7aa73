package dev.lockstep.order;

import dev.lockstep.runtime.Env;
import dev.lockstep.runtime.PeersConfig;
import dev.lockstep.runtime.ServiceConfig;
import java.time.Duration;
import java.util.Map;

/**
 * Everything the order service can be told.
 *
 * @param peers who is asked what happened to an order, when somebody wants to know
 * @param intakeConnections how many writes of new orders may be in flight
 * @param intakeBatch how many new orders one write may take
 * @param intakeQueue how many new orders may wait for a write before more are refused
 * @param intakeTimeout how long a new order waits for its write, and a write for the database
 * @param pendingWarningAfter how long an order may be PENDING before it is a warning on health
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

    /** Reads and checks all settings, and reports everything that is wrong with them at once. */
    public static OrderConfig from(Map<String, String> environment) {
        Env env = new Env(environment);
        ServiceConfig common = ServiceConfig.read(env, SERVICE, DEFAULT_PORT);
        PeersConfig peers = PeersConfig.read(env);
        int connections = env.integer("ORDER_INTAKE_CONNECTIONS", 4);
        int batch = env.integer("ORDER_INTAKE_BATCH", 128);
        int queue = env.integer("ORDER_INTAKE_QUEUE", 10_000);
        Duration patience = env.duration("ORDER_INTAKE_PATIENCE", Duration.ofSeconds(10));
        Duration pending = env.duration("ORDER_PENDING_WARNING_AFTER", Duration.ofMinutes(2));
        env.check(pending.isPositive(), "ORDER_PENDING_WARNING_AFTER must be positive, but was " + pending);
        env.check(connections >= 1, "ORDER_INTAKE_CONNECTIONS must be at least 1, but was " + connections);
        env.check(batch >= 1, "ORDER_INTAKE_BATCH must be at least 1, but was " + batch);
        env.check(queue >= 1, "ORDER_INTAKE_QUEUE must be at least 1, but was " + queue);
        env.check(patience.isPositive(), "ORDER_INTAKE_PATIENCE must be longer than nothing, but was " + patience);
        return env.build(SERVICE, () -> new OrderConfig(common, peers, connections, batch, queue, patience, pending));
    }
}
