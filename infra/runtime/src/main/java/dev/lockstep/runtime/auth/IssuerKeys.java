package dev.lockstep.runtime.auth;

import dev.lockstep.messaging.schedule.Backoff;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the keys of an issuer: they are read at start, renewed regularly, and renewed when a token names an unknown key. While the issuer
 * is unavailable, the keys that were read last remain in use. Confined to one Vert.x context, except for {@link #warning}.
 */
final class IssuerKeys {
    private static final Logger LOGGER = LoggerFactory.getLogger(IssuerKeys.class);

    private final Vertx vertx;
    private final String issuer;
    private final Supplier<Future<SigningKeys>> source;
    private final Schedule schedule;
    private final LongSupplier nanoClock;
    private @Nullable Future<Void> renewal;
    private @Nullable Long renewedForUnknownKeyAt;
    private long timer = -1;
    private int failures;
    private boolean stopped;
    private volatile @Nullable SigningKeys keys;
    private volatile @Nullable String problem;

    /**
     * When keys are renewed.
     *
     * @param interval the time between two renewals
     * @param retry the time until the next attempt after failures
     * @param unknownKeyInterval the shortest time between two attempts that unknown keys cause
     */
    record Schedule(Duration interval, Backoff retry, Duration unknownKeyInterval) {
        static final Schedule DEFAULT = new Schedule(
                Duration.ofMinutes(5),
                new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(30)),
                Duration.ofSeconds(10));
    }

    IssuerKeys(
            Vertx vertx,
            String issuer,
            Supplier<Future<SigningKeys>> source,
            Schedule schedule,
            LongSupplier nanoClock) {
        this.vertx = vertx;
        this.issuer = issuer;
        this.source = source;
        this.schedule = schedule;
        this.nanoClock = nanoClock;
    }

    /** Starts reading the keys in the background. */
    void start() {
        renew();
    }

    void stop() {
        stopped = true;
        vertx.cancelTimer(timer);
    }

    /** The keys that were read last. Empty until they have been read for the first time. */
    Optional<SigningKeys> current() {
        return Optional.ofNullable(keys);
    }

    /** Whether the last attempt to read the keys failed, so that the issuer may have keys that are not known here. */
    boolean mayBeOutdated() {
        return problem != null;
    }

    /**
     * Renews the keys because a token names an unknown one. Does nothing if the interval for this has not passed since the last time:
     * otherwise invalid tokens could cause any number of requests to the issuer.
     *
     * @return completes when the attempt has ended, whether or not it succeeded
     */
    Future<Void> renewForUnknownKey() {
        if (renewal != null) {
            return renewal;
        }
        long now = nanoClock.getAsLong();
        boolean recent = renewedForUnknownKeyAt != null
                && now - renewedForUnknownKeyAt < schedule.unknownKeyInterval().toNanos();
        if (recent || stopped) {
            return Future.succeededFuture();
        }
        renewedForUnknownKeyAt = now;
        return renew();
    }

    /** Why the keys could not be read or renewed, in one sentence. Empty if the last attempt succeeded or has not ended. */
    Optional<String> warning() {
        String current = problem;
        if (current == null) {
            return keys == null ? Optional.of("the keys of " + issuer + " have not been read yet") : Optional.empty();
        }
        return Optional.of(
                keys == null
                        ? "requests that need sign-in are answered 503, because the keys of " + issuer
                                + " could not be read: " + current
                        : "the keys of " + issuer + " could not be renewed, so tokens signed with a newer key are not"
                                + " accepted: " + current);
    }

    private Future<Void> renew() {
        vertx.cancelTimer(timer);
        Future<Void> begun = read().transform(read -> {
            renewal = null;
            if (read.succeeded()) {
                succeeded(read.result());
            } else {
                failed(read.cause());
            }
            return Future.succeededFuture();
        });
        if (!begun.isComplete()) {
            renewal = begun;
        }
        return begun;
    }

    private Future<SigningKeys> read() {
        try {
            return source.get();
        } catch (RuntimeException thrown) {
            return Future.failedFuture(thrown);
        }
    }

    private void succeeded(SigningKeys read) {
        if (keys == null || problem != null) {
            LOGGER.atInfo()
                    .addKeyValue("issuer", issuer)
                    .addKeyValue("keys", read.count())
                    .log("the keys of the issuer were read");
        }
        keys = read;
        problem = null;
        failures = 0;
        scheduleIn(schedule.interval());
    }

    private void failed(Throwable cause) {
        // Logged as a warning only once: the issuer may be unavailable for a long time, and readiness reports it.
        (problem == null ? LOGGER.atWarn() : LOGGER.atDebug())
                .addKeyValue("issuer", issuer)
                .addKeyValue("error", String.valueOf(cause.getMessage()))
                .log("the keys of the issuer could not be read, retrying");
        problem = String.valueOf(cause.getMessage());
        failures++;
        scheduleIn(schedule.retry().jitteredAfter(failures));
    }

    private void scheduleIn(Duration delay) {
        if (!stopped) {
            timer = vertx.setTimer(Math.max(1, delay.toMillis()), fired -> renew());
        }
    }
}
