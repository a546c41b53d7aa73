package dev.lockstep.testing;

import java.util.HashMap;
import java.util.Map;

/** The environment of a server that only serves HTTP: its database and its Kafka are never used. */
public final class HttpOnly {
    private HttpOnly() {}

    /** Settings for any free port, replaced and extended by the others. */
    public static Map<String, String> settings(Map<String, String> others) {
        Map<String, String> settings = new HashMap<>(Map.of(
                "HTTP_PORT", "0",
                "POSTGRES_URI", "postgresql://127.0.0.1/unused",
                "POSTGRES_USER", "unused",
                "POSTGRES_PASSWORD", "unused",
                "KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1"));
        settings.putAll(others);
        return settings;
    }
}
