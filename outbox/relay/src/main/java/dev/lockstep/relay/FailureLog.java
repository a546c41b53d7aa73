package dev.lockstep.relay;

import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.apache.kafka.common.KafkaException;
import org.slf4j.Logger;

/**
 * Logs failures that may repeat: each kind at most once a minute, with the number of occurrences that were suppressed meanwhile. A stack
 * trace is added only to a kind that was not seen for half an hour, and not to failures of Postgres, Kafka or a connection, which their
 * reason explains. Not thread-safe.
 */
final class FailureLog {
    private static final Duration LOG_INTERVAL = Duration.ofMinutes(1);
    private static final Duration EXPIRY = Duration.ofMinutes(30);
    private static final int MAX_KINDS = 100;

    private final Logger logger;
    private final String slot;
    private final LongSupplier nanoClock;
    private final Map<String, Occurrences> seen = new HashMap<>();

    private static final class Occurrences {
        private long lastLogged;
        private long lastSeen;
        private int suppressed;
    }

    FailureLog(Logger logger, String slot, LongSupplier nanoClock) {
        this.logger = logger;
        this.slot = slot;
        this.nanoClock = nanoClock;
    }

    void warn(String message, Throwable cause) {
        String reason = RelayException.reason(cause);
        long now = nanoClock.getAsLong();
        seen.values().removeIf(kind -> now - kind.lastSeen > EXPIRY.toNanos());
        Occurrences kind = seen.get(kindOf(message, cause, reason));
        boolean isNew = kind == null;
        if (kind == null) {
            kind = new Occurrences();
            if (seen.size() >= MAX_KINDS) {
                seen.clear();
            }
            seen.put(kindOf(message, cause, reason), kind);
        }
        kind.lastSeen = now;
        if (!isNew && now - kind.lastLogged < LOG_INTERVAL.toNanos()) {
            kind.suppressed++;
            logger.atDebug().addKeyValue("slot", slot).setCause(cause).log(message);
            return;
        }
        kind.lastLogged = now;
        int suppressed = kind.suppressed;
        kind.suppressed = 0;
        var line = logger.atWarn().addKeyValue("slot", slot).addKeyValue("reason", reason);
        if (suppressed > 0) {
            line = line.addKeyValue("suppressed", suppressed);
        }
        if (isNew && !isSelfExplanatory(cause)) {
            line = line.setCause(cause);
        }
        line.log(message);
    }

    // Numbers such as positions, ports and seconds differ between occurrences of the same kind.
    private static String kindOf(String message, Throwable cause, String reason) {
        return message + cause.getClass() + reason.replaceAll("[0-9A-F]*[0-9][0-9A-F/]*", "#");
    }

    private static boolean isSelfExplanatory(Throwable cause) {
        for (Throwable each = cause; each != null; each = each.getCause()) {
            if (each instanceof SQLException || each instanceof IOException || each instanceof KafkaException) {
                return true;
            }
            if (each.getCause() == null) {
                return each instanceof RelayException;
            }
        }
        return false;
    }
}
