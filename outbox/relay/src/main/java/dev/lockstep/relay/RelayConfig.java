package dev.lockstep.relay;

import java.time.Duration;
import java.util.Map;
import java.util.TreeSet;

/**
 * Everything the relay of one database can be told.
 *
 * @param slotName the replication slot, which is the relay's memory and its leader lock; one for each database
 * @param publicationName the publication that names what leaves the database
 * @param source the {@code ce_source} of every record, such as {@code /order-service}
 * @param producer Kafka client properties, with {@code bootstrap.servers}
 * @param heartbeatInterval how often the relay proves that rows flow; what is relayed is known to this precision
 * @param stalledAfter how long nothing may have been proved before the relay calls itself stalled
 */
public record RelayConfig(
        String host,
        int port,
        String database,
        String user,
        String password,
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
        // Four characters fewer than Postgres allows: the slot that is still being made has "_new" behind its name.
        if (!slotName.matches("[a-z0-9_]{1,59}")) {
            throw new IllegalArgumentException(
                    "a slot name has up to 59 lower-case letters, digits and underscores, but was \"" + slotName
                            + "\"");
        }
        if (!producer.containsKey("bootstrap.servers")) {
            throw new IllegalArgumentException("the relay's producer properties lack bootstrap.servers");
        }
        if (heartbeatInterval.toMillis() < 1) {
            throw new IllegalArgumentException("heartbeatInterval must be at least 1 ms, but was " + heartbeatInterval);
        }
    }

    /**
     * How long nothing may move before the relay looks for another way: a third of the time after which readiness falls, so that a new
     * engine, or another relay, has the rest of it to help.
     */
    Duration failoverTimeout() {
        Duration third = stalledAfter.dividedBy(3);
        return third.compareTo(MIN_FAILOVER_TIMEOUT) > 0 ? third : MIN_FAILOVER_TIMEOUT;
    }

    /**
     * How long one step of an engine's start may take. A machine that starts everything at once needs many times what it needs later; a start
     * that hangs is told by readiness long before.
     */
    Duration startTimeout() {
        Duration longer = failoverTimeout().multipliedBy(4);
        return longer.compareTo(MIN_START_TIMEOUT) > 0 ? longer : MIN_START_TIMEOUT;
    }

    String bootstrapServers() {
        return producer.getOrDefault("bootstrap.servers", "");
    }

    /** Without the password, and without the values of the Kafka properties, which may hold one. */
    @Override
    public String toString() {
        return "RelayConfig[%s@%s:%d/%s, slot=%s, publication=%s, source=%s, producer=%s, heartbeat=%s, stalled=%s]"
                .formatted(
                        user,
                        host,
                        port,
                        database,
                        slotName,
                        publicationName,
                        source,
                        new TreeSet<>(producer.keySet()),
                        heartbeatInterval,
                        stalledAfter);
    }
}
