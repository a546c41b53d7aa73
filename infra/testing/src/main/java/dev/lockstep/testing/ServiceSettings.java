package dev.lockstep.testing;

import java.util.HashMap;
import java.util.Map;

/** The environment of a service in a test. */
public final class ServiceSettings {
    private ServiceSettings() {}

    /** Settings for a database and the Kafka of the tests and any free HTTP port, replaced and extended by the others. */
    public static Map<String, String> of(String postgresUri, Map<String, String> others) {
        return of(postgresUri, TestServers.kafka().bootstrapServers(), others);
    }

    public static Map<String, String> of(String postgresUri, String bootstrapServers, Map<String, String> others) {
        Map<String, String> settings = new HashMap<>(Map.of(
                "HTTP_PORT",
                "0",
                "POSTGRES_URI",
                postgresUri,
                "POSTGRES_USER",
                PostgresServer.USER,
                "POSTGRES_PASSWORD",
                PostgresServer.PASSWORD,
                "KAFKA_BOOTSTRAP_SERVERS",
                bootstrapServers));
        settings.putAll(others);
        return settings;
    }
}
