package dev.lockstep.relay;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.common.KafkaException;

/** Finds out whether Kafka can be reached. Uses a new connection, because an open one may be broken unnoticed. */
final class KafkaProbe {
    private static final Duration LIMIT = Duration.ofSeconds(2);

    private final RelayConfig config;

    KafkaProbe(RelayConfig config) {
        this.config = config;
    }

    /** Whether Kafka lists the cluster's brokers, which requires no right. Blocks for two seconds at most. */
    boolean isReachable() throws InterruptedException {
        try (Admin admin = admin(config, LIMIT)) {
            admin.describeCluster().nodes().get();
            return true;
        } catch (ExecutionException | KafkaException unreachable) {
            return false;
        }
    }

    /** @param limit how long any call may take in total */
    static Admin admin(RelayConfig config, Duration limit) {
        Map<String, Object> settings = new HashMap<>(config.producer());
        settings.keySet().retainAll(AdminClientConfig.configNames());
        settings.put("default.api.timeout.ms", Long.toString(limit.toMillis()));
        settings.put("request.timeout.ms", Long.toString(limit.toMillis() / 2));
        return Admin.create(settings);
    }
}
