package dev.lockstep.relay;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Collects the state that the relay's threads report, and summarizes it in one sentence. Never blocks. */
final class RelayHealth {
    /** The relay's current role. */
    enum Role {
        STARTING("is starting"),
        STANDBY("is waiting to take over from the relay that holds the slot"),
        LEADING("holds the slot"),
        CLOSED("is closed");

        private final String description;

        Role(String description) {
            this.description = description;
        }
    }

    private final String slot;
    private final Duration stalledAfter;
    private final LongSupplier nanoClock;

    private volatile Role role = Role.STARTING;
    private volatile @Nullable Long acknowledgedAt;
    private volatile @Nullable String blocked;
    private volatile @Nullable String degradedReason;
    private volatile List<String> heldTopics = List.of();

    RelayHealth(String slot, Duration stalledAfter, LongSupplier nanoClock) {
        this.slot = slot;
        this.stalledAfter = stalledAfter;
        this.nanoClock = nanoClock;
    }

    String slot() {
        return slot;
    }

    Role role() {
        return role;
    }

    void setRole(Role next) {
        role = next;
    }

    /** Records how long ago the watermark moved, here or in the leading relay. */
    void watermarkMoved(Duration age) {
        acknowledgedAt = nanoClock.getAsLong() - age.toNanos();
    }

    /** Seconds since the watermark moved, here or in the leading relay; NaN until that is known. */
    double heartbeatAgeSeconds() {
        Long last = acknowledgedAt;
        return last == null
                ? Double.NaN
                : Duration.ofNanos(nanoClock.getAsLong() - last).toMillis() / 1000.0;
    }

    /** Records a failure that may pass by itself. It is reported once the relay counts as stalled. */
    void degraded(String sentence) {
        degradedReason = sentence;
    }

    /** Records a failure that needs an operator. It is reported at once. */
    void blocked(String sentence) {
        blocked = sentence;
    }

    /** Sets the topics that have held rows, one sentence each. They are reported at once, until the list is empty. */
    void setHeldTopics(List<String> sentences) {
        heldTopics = sentences;
    }

    /** Clears both kinds of failure: rows flow, except those that are held back. */
    void healthy() {
        blocked = null;
        degradedReason = null;
    }

    /** Empty while rows flow or could flow; otherwise says what does not work. */
    Optional<String> problem() {
        List<String> problems =
                Stream.concat(stallProblem().stream(), heldTopics.stream()).toList();
        return problems.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", problems));
    }

    private Optional<String> stallProblem() {
        String reason = blocked;
        if (reason != null) {
            return Optional.of(reason);
        }
        Long last = acknowledgedAt;
        if (role == Role.CLOSED || last == null) {
            return Optional.of(withReason("the relay of slot " + slot + " " + role.description));
        }
        Duration age = Duration.ofNanos(nanoClock.getAsLong() - last);
        if (age.compareTo(stalledAfter) <= 0) {
            return Optional.empty();
        }
        return Optional.of(withReason("the relay of slot %s is stalled: nothing was acknowledged for %d s, while it %s"
                .formatted(slot, age.toSeconds(), role.description)));
    }

    private String withReason(String text) {
        String why = degradedReason;
        return why == null ? text : text + ": " + why;
    }
}
