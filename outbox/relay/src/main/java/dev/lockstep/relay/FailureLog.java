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
 * Logs failures that may come again and again: each kind once a minute, with how often it came meanwhile. A stack trace is added only to a
 * kind that was not seen for half an hour, and only where the reason does not say everything, as that of Postgres, Kafka or a connection does. For
 * one thread.
 */
final class FailureLog {
    private static final Duration TELL_AGAIN = Duration.ofMinutes(1);
    private static final Duration FORGET = Duration.ofMinutes(30);
    private static final int MOST = 100;

    private final Logger logger;
    private final String slot;
    private final LongSupplier nanoClock;
    private final Map<String, Seen> seen = new HashMap<>();

    private static final class Seen {
        private long told;
        private long last;
        private int untold;
    }

    FailureLog(Logger logger, String slot, LongSupplier nanoClock) {
        this.logger = logger;
        this.slot = slot;
        this.nanoClock = nanoClock;
    }

    void warn(String message, Throwable cause) {
        String reason = RelayException.reason(cause);
        long now = nanoClock.getAsLong();
        seen.values().removeIf(kind -> now - kind.last > FORGET.toNanos());
        Seen kind = seen.get(kind(message, cause, reason));
        boolean isNew = kind == null;
        if (kind == null) {
            kind = new Seen();
            if (seen.size() >= MOST) {
                seen.clear();
            }
            seen.put(kind(message, cause, reason), kind);
        }
        kind.last = now;
        if (!isNew && now - kind.told < TELL_AGAIN.toNanos()) {
            kind.untold++;
            logger.atDebug().addKeyValue("slot", slot).setCause(cause).log(message);
            return;
        }
        kind.told = now;
        int untold = kind.untold;
        kind.untold = 0;
        var line = logger.atWarn().addKeyValue("slot", slot).addKeyValue("reason", reason);
        if (untold > 0) {
            line = line.addKeyValue("timesSinceLastTold", untold);
        }
        if (isNew && !saysEverything(cause)) {
            line = line.setCause(cause);
        }
        line.log(message);
    }

    // Numbers differ from one time to the next: positions, ports, seconds.
    private static String kind(String message, Throwable cause, String reason) {
        return message + cause.getClass() + reason.replaceAll("[0-9A-F]*[0-9][0-9A-F/]*", "#");
    }

    private static boolean saysEverything(Throwable cause) {
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
