package dev.lockstep.runtime;

import dev.lockstep.messaging.replication.SlotLimits;
import java.time.Duration;

/**
 * How this instance relays the outbox of its database.
 *
 * @param enabled false if another process relays, such as Kafka Connect
 * @param heartbeatInterval how often the relay sends a heartbeat
 * @param stalledAfter how old the last heartbeat that Kafka acknowledged may be before the relay counts as stalled
 * @param slot how much WAL the replication slot may retain, whichever process reads from it
 * @param login the role that reads from the slot: that of the service, or one of its own
 */
public record RelaySettings(
        boolean enabled, Duration heartbeatInterval, Duration stalledAfter, SlotLimits slot, PostgresLogin login) {
    private static final String USER = "RELAY_POSTGRES_USER";
    private static final String PASSWORD = "RELAY_POSTGRES_PASSWORD";
    private static final long GIB = 1L << 30;
    // After a third of stalledAfter the relay restarts its engine or hands over to a standby. A single late heartbeat
    // must not cause that.
    private static final int MIN_HEARTBEATS = 6;

    static RelaySettings read(Env env, PostgresLogin ofService) {
        boolean enabled = env.bool("RELAY_ENABLED", true);
        Duration heartbeatInterval = env.duration("RELAY_HEARTBEAT_INTERVAL", Duration.ofMillis(500));
        Duration stalledAfter = env.duration("RELAY_STALLED_AFTER", Duration.ofSeconds(15));
        SlotLimits slot = new SlotLimits(
                env.longInteger("RELAY_SLOT_WARN_BYTES", 2 * GIB),
                env.longInteger("RELAY_SLOT_REFUSE_BYTES", 16 * GIB));
        env.check(slot.warnBytes() > 0, "RELAY_SLOT_WARN_BYTES must be at least 1, but was " + slot.warnBytes());
        env.check(
                slot.refuseBytes() > slot.warnBytes(),
                "RELAY_SLOT_REFUSE_BYTES must be greater than RELAY_SLOT_WARN_BYTES, but was " + slot.refuseBytes());
        env.checkTimeout("RELAY_HEARTBEAT_INTERVAL", heartbeatInterval);
        env.check(
                stalledAfter.dividedBy(MIN_HEARTBEATS).compareTo(heartbeatInterval) >= 0 && stalledAfter.isPositive(),
                "RELAY_STALLED_AFTER must be at least %d times RELAY_HEARTBEAT_INTERVAL, but was %s"
                        .formatted(MIN_HEARTBEATS, stalledAfter));
        return new RelaySettings(enabled, heartbeatInterval, stalledAfter, slot, login(env, ofService));
    }

    private static PostgresLogin login(Env env, PostgresLogin ofService) {
        String user = env.string(USER, "");
        if (!user.isEmpty()) {
            return new PostgresLogin("RELAY_", user, env.requiredSecret(PASSWORD, "the password of " + USER));
        }
        env.check(
                env.secret(PASSWORD).isEmpty(), PASSWORD + " has no effect without " + USER + ": set both, or neither");
        return ofService;
    }
}
