package dev.lockstep.relay;

import java.time.Duration;
import java.util.Map;
import java.util.TreeSet;

/**
 * The settings of the relay of one database.
 *
 * @param slotName the replication slot, which holds the relay's position and serves as the leader lock; one for each database
 * @param publicationName the publication that defines which changes leave the database
 * @param source the {@code ce_source} of every record, such as {@code /order-service}
 * @param producer Kafka client properties; {@code bootstrap.servers} is required
 * @param heartbeatInterval how often the relay verifies that rows flow; this is also the precision of the watermark
 * @param stalledAfter how old the last acknowledged heartbeat may be before the relay reports itself as stalled
 */
public record RelayConfig(
        PostgresAccess postgres,
        String slotName,
        String publicationName,
        String source,
        Map<String, String> producer,
        Duration heartbeatInterval,
        Duration stalledAfter) {
    private static final Duration MIN_FAILOVER_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration MIN_START_TIMEOUT = Duration.ofMinutes(5);

    public RelayConfig {
        producer = Map.copyOf(producer);
        // Four characters fewer than Postgres allows, because "_new" is appended to the name while a slot is being
        // created.
        if (!slotName.matches("[a-z0-9_]{1,59}")) {
            throw new IllegalArgumentException(
                    "slotName must have 1 to 59 lower-case letters, digits and underscores, but was \"" + slotName
                            + "\"");
        }
        if (!producer.containsKey("bootstrap.servers")) {
            throw new IllegalArgumentException("producer must contain bootstrap.servers");
        }
        if (heartbeatInterval.toMillis() < 1) {
            throw new IllegalArgumentException("heartbeatInterval must be at least 1 ms, but was " + heartbeatInterval);
        }
    }

    /**
     * How long the relay makes no progress before it tries another engine or hands over to another relay: a third of the time after which
     * readiness fails, but at least 5 s. The new engine, or the other relay, then has the remaining time to recover.
     */
    Duration failoverTimeout() {
        Duration third = stalledAfter.dividedBy(3);
        return third.compareTo(MIN_FAILOVER_TIMEOUT) > 0 ? third : MIN_FAILOVER_TIMEOUT;
    }

    /**
     * How long one step of an engine's start may take: at least 5 min. A machine that starts everything at once needs many times longer
     * than later. Readiness reports a start that hangs long before this limit.
     */
    Duration startTimeout() {
        Duration longer = failoverTimeout().multipliedBy(4);
        return longer.compareTo(MIN_START_TIMEOUT) > 0 ? longer : MIN_START_TIMEOUT;
    }

    String host() {
        return postgres.host();
    }

    int port() {
        return postgres.port();
    }

    String database() {
        return postgres.database();
    }

    String bootstrapServers() {
        return producer.getOrDefault("bootstrap.servers", "");
    }

    /** Omits passwords, and the values of the Kafka properties, which may contain one. */
    @Override
    public String toString() {
        return "RelayConfig[%s@%s:%d/%s, slot=%s, publication=%s, source=%s, producer=%s, heartbeat=%s, stalled=%s]"
                .formatted(
                        postgres.relay(),
                        host(),
                        port(),
                        database(),
                        slotName,
                        publicationName,
                        source,
                        new TreeSet<>(producer.keySet()),
                        heartbeatInterval,
                        stalledAfter);
    }
}
