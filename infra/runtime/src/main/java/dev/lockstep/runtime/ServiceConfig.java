package dev.lockstep.runtime;

import dev.lockstep.messaging.MessagingSettings;

/**
 * The settings that all services share. Settings that only one service has are in a record of that service.
 *
 * @param service for example {@code order-service}; used as the consumer group and as the name in logs and metrics
 */
public record ServiceConfig(
        String service,
        HttpConfig http,
        PostgresConfig postgres,
        KafkaConfig kafka,
        MessagingConfig messaging,
        RelaySettings relay,
        ProcessConfig process) {
    /** Reads the common settings. {@link Env#build} reports problems with them together with the problems of other settings. */
    public static ServiceConfig read(Env env, String service, int defaultPort) {
        HttpConfig http = HttpConfig.read(env, defaultPort);
        PostgresConfig postgres = PostgresConfig.read(env);
        KafkaConfig kafka = KafkaConfig.read(env);
        MessagingConfig messaging = MessagingConfig.read(env);
        RelaySettings relay = RelaySettings.read(env, postgres.login());
        ProcessConfig process = ProcessConfig.read(env, service);
        return new ServiceConfig(service, http, postgres, kafka, messaging, relay, process);
    }

    /**
     * The replication slot that the service's outbox is relayed from. The name contains the database, because slot names are unique per
     * server.
     */
    public String slotName() {
        return postgres.database() + "_outbox";
    }

    /** The short name of the service: {@link #service} without {@code -service}. */
    public String name() {
        return service.replaceFirst("-service$", "");
    }

    /** The settings of the service's outbox, inbox and dead letters. */
    public MessagingSettings messagingOptions() {
        return new MessagingSettings(
                messaging.retention(),
                slotName(),
                relay.slot(),
                relay.stalledAfter(),
                "/" + service,
                messaging.resendRequests(service, kafka));
    }
}
