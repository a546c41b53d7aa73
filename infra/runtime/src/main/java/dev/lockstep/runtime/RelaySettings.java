package dev.lockstep.runtime;

import java.time.Duration;

/**
 * How this instance relays its database's outbox.
 *
 * @param enabled false where somebody else relays, such as Kafka Connect
 * @param heartbeatInterval how often a heartbeat travels through the relay to show how far it is
 * @param stalledAfter how long without a heartbeat's return before the relay counts as stalled
 */
public record RelaySettings(boolean enabled, Duration heartbeatInterval, Duration stalledAfter) {
    static RelaySettings read(Env env) {
        boolean enabled = env.bool("RELAY_ENABLED", true);
        Duration heartbeatInterval = env.duration("RELAY_HEARTBEAT_INTERVAL", Duration.ofMillis(500));
        Duration stalledAfter = env.duration("RELAY_STALLED_AFTER", Duration.ofSeconds(15));
        env.check(
                heartbeatInterval.isPositive(),
                "RELAY_HEARTBEAT_INTERVAL must be more than nothing, but was " + heartbeatInterval);
        env.check(
                stalledAfter.compareTo(heartbeatInterval) > 0,
                "RELAY_STALLED_AFTER must be more than RELAY_HEARTBEAT_INTERVAL, but was " + stalledAfter);
        return new RelaySettings(enabled, heartbeatInterval, stalledAfter);
    }
}
