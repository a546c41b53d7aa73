package dev.lockstep.payment;

import dev.lockstep.runtime.Env;
import dev.lockstep.runtime.ServiceConfig;
import java.time.Duration;
import java.util.Map;

/**
 * Settings of the payment service.
 *
 * @param ledgerCloseInterval how often the service checks whether there are enough open entries to close the ledger
 */
public record PaymentConfig(ServiceConfig common, Duration ledgerCloseInterval) {
    static final String SERVICE = "payment-service";

    private static final int DEFAULT_PORT = 8082;

    public static PaymentConfig from(Map<String, String> environment) {
        Env env = new Env(environment);
        ServiceConfig common = ServiceConfig.read(env, SERVICE, DEFAULT_PORT);
        Duration ledgerCloseInterval = env.duration("LEDGER_CLOSE_INTERVAL", Duration.ofMinutes(1));
        env.checkTimeout("LEDGER_CLOSE_INTERVAL", ledgerCloseInterval);
        return env.build(SERVICE, () -> new PaymentConfig(common, ledgerCloseInterval));
    }
}
