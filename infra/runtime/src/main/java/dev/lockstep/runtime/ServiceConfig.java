package dev.lockstep.runtime;

import dev.lockstep.messaging.MessagingSettings;
import java.time.Duration;

/**
 * What every service can be told. A service's own settings stand beside it in a record of the service.
 *
 * @param service such as {@code order-service}: the consumer group, and the name in logs and metrics
 * @param shutdownTimeout how long work in flight may take to finish once the service is told to stop
 */
public record ServiceConfig(
        String service,
        HttpConfig http,
        PostgresConfig postgres,
        KafkaConfig kafka,
        MessagingConfig messaging,
        RelaySettings relay,
        Duration shutdownTimeout,
        LogConfig log) {
    /** Reads the common settings. What is wrong with them is reported by {@link Env#build}, together with the rest. */
    public static ServiceConfig read(Env env, String service, int defaultPort) {
        HttpConfig http = HttpConfig.read(env, defaultPort);
        PostgresConfig postgres = PostgresConfig.read(env);
        KafkaConfig kafka = KafkaConfig.read(env);
        MessagingConfig messaging = MessagingConfig.read(env);
        RelaySettings relay = RelaySettings.read(env);
        Duration shutdownTimeout = env.duration("SHUTDOWN_TIMEOUT", Duration.ofSeconds(20));
        env.check(
                shutdownTimeout.isPositive(), "SHUTDOWN_TIMEOUT must be more than nothing, but was " + shutdownTimeout);
        LogConfig log = LogConfig.read(env);
        return new ServiceConfig(service, http, postgres, kafka, messaging, relay, shutdownTimeout, log);
    }

    /** The replication slot that the service's outbox is relayed from. One for each database, as names are the server's. */
    public String slotName() {
        return postgres.database() + "_outbox";
    }

    /** What people call it: its name without {@code -service}. */
    public String name() {
        return service.replaceFirst("-service$", "");
    }

    /** How the service's outbox, inbox and dead letters are kept. */
    public MessagingSettings messagingOptions() {
        return new MessagingSettings(
                messaging.outboxRetention(),
                messaging.inboxRetention(),
                messaging.deadLetterRetention(),
                slotName(),
                relay.slot(),
                relay.stalledAfter(),
                "/" + service,
                messaging.resendRequests(service, kafka));
    }

    /** Where the service's migrations are: its name without {@code -service}. */
    String migrations() {
        return "db/migration/" + name();
    }
}
