package dev.lockstep.launcher;

import dev.lockstep.relay.OutboxRelay;
import dev.lockstep.relay.PostgresAccess;
import dev.lockstep.relay.PostgresRole;
import dev.lockstep.relay.RelayConfig;
import dev.lockstep.runtime.PostgresConfig;
import dev.lockstep.runtime.PostgresDiagnosis;
import dev.lockstep.runtime.PostgresLogin;
import dev.lockstep.runtime.ServiceConfig;
import dev.lockstep.runtime.ServiceContext;
import dev.lockstep.runtime.StartException;
import java.util.Optional;

/** Runs an {@link OutboxRelay} with the settings of the service. */
final class RelayTask implements BackgroundTask {
    private static final String PUBLICATION = "lockstep_outbox";

    private final OutboxRelay relay;

    RelayTask(ServiceContext context) {
        this.relay = new OutboxRelay(relayConfig(context.config()), context.meters());
    }

    private static RelayConfig relayConfig(ServiceConfig config) {
        PostgresConfig postgres = config.postgres();
        return new RelayConfig(
                new PostgresAccess(
                        postgres.host(),
                        postgres.port(),
                        postgres.database(),
                        role(config.relay().login(), postgres),
                        role(postgres.login(), postgres),
                        postgres.tls().jdbcProperties()),
                config.slotName(),
                PUBLICATION,
                "/" + config.service(),
                config.kafka().producer(),
                config.relay().heartbeatInterval(),
                config.relay().stalledAfter());
    }

    private static PostgresRole role(PostgresLogin login, PostgresConfig postgres) {
        return new PostgresRole(
                login.user(), login.password()::current, failure -> PostgresDiagnosis.of(failure, postgres, login));
    }

    @Override
    public void prepare() {
        try {
            relay.prepare();
        } catch (RuntimeException refused) {
            // The message of the relay is a complete sentence.
            throw new StartException(String.valueOf(refused.getMessage()), refused);
        }
    }

    @Override
    public void start() {
        relay.start();
    }

    @Override
    public Optional<String> problem() {
        return relay.problem();
    }

    @Override
    public void close() {
        relay.close();
    }
}
