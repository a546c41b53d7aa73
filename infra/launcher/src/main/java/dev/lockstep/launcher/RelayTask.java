package dev.lockstep.launcher;

import dev.lockstep.relay.OutboxRelay;
import dev.lockstep.relay.RelayConfig;
import dev.lockstep.runtime.PostgresConfig;
import dev.lockstep.runtime.ServiceConfig;
import dev.lockstep.runtime.ServiceContext;
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
                postgres.host(),
                postgres.port(),
                postgres.database(),
                postgres.user(),
                postgres.password().value(),
                config.slotName(),
                PUBLICATION,
                "/" + config.service(),
                config.kafka().producer(),
                config.relay().heartbeatInterval(),
                config.relay().stalledAfter());
    }

    @Override
    public void prepare() {
        relay.prepare();
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
