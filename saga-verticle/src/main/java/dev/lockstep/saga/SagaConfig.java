package dev.lockstep.saga;

import dev.lockstep.runtime.Env;
import dev.lockstep.runtime.PeersConfig;
import dev.lockstep.runtime.ServiceConfig;
import dev.lockstep.saga.domain.SagaDeadlines;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Settings of the saga service.
 *
 * @param peers the services that are queried for obstacles in the way of a saga
 * @param deadlines timeouts and retry intervals of the saga
 * @param maxActive maximum number of orders in a forward state; above it, new orders wait in Kafka
 * @param sweepInterval how often the service looks for passed deadlines
 * @param retention how long a finished saga is kept, or null to keep it for ever
 */
public record SagaConfig(
        ServiceConfig common,
        PeersConfig peers,
        SagaDeadlines deadlines,
        int maxActive,
        Duration sweepInterval,
        @Nullable Duration retention) {
    static final String SERVICE = "saga-service";
    private static final int PORT = 8083;
    private static final String RETENTION = "SAGA_RETENTION";
    private static final Duration MAX_RETENTION = Duration.ofDays(36_500);
    private static final Duration MAX_DURATION = Duration.ofDays(365);

    public static SagaConfig from(Map<String, String> environment) {
        Env env = new Env(environment);
        ServiceConfig common = ServiceConfig.read(env, SERVICE, PORT);
        PeersConfig peers = PeersConfig.read(env);
        SagaDeadlines deadlines = new SagaDeadlines(
                duration(env, "SAGA_STOCK_DEADLINE", Duration.ofSeconds(30)),
                duration(env, "SAGA_PAYMENT_DEADLINE", Duration.ofSeconds(30)),
                duration(env, "SAGA_CONFIRM_RETRY", Duration.ofSeconds(10)),
                duration(env, "SAGA_COMPENSATION_RETRY", Duration.ofSeconds(10)));
        int maxActive = env.integer("SAGA_MAX_ACTIVE", 4000);
        env.check(maxActive > 0, "SAGA_MAX_ACTIVE must be at least 1, but was " + maxActive);
        Duration sweepInterval = duration(env, "SAGA_SWEEP_INTERVAL", Duration.ofMillis(500));
        Duration retention = env.string(RETENTION, "").isEmpty() ? null : env.duration(RETENTION, Duration.ZERO);
        Duration inbox = common.messaging().retention().inbox();
        env.check(
                retention == null || (retention.compareTo(inbox) >= 0 && retention.compareTo(MAX_RETENTION) <= 0),
                RETENTION + " must be from INBOX_RETENTION, which is " + inbox + ", to " + MAX_RETENTION
                        + ", or unset to keep all sagas, but was " + retention);
        return env.build(SERVICE, () -> new SagaConfig(common, peers, deadlines, maxActive, sweepInterval, retention));
    }

    private static Duration duration(Env env, String name, Duration defaultValue) {
        Duration value = env.duration(name, defaultValue);
        env.checkRange(name, value, Env.MIN_TIMEOUT, MAX_DURATION);
        return value;
    }
}
