package dev.lockstep.relay;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What the relay's threads know about how it fares, put into one sentence for whoever asks. Never blocks. */
final class RelayHealth {
    /** What the relay is doing. */
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

    /** The watermark moved, here or in the relay that leads, this long ago. */
    void watermarkMoved(Duration age) {
        acknowledgedAt = nanoClock.getAsLong() - age.toNanos();
    }

    /** How long ago the watermark moved, here or in the relay that leads; NaN before that is known. */
    double heartbeatAgeSeconds() {
        Long last = acknowledgedAt;
        return last == null
                ? Double.NaN
                : Duration.ofNanos(nanoClock.getAsLong() - last).toMillis() / 1000.0;
    }

    /** Something that time may heal went wrong. It is told once the relay counts as stalled. */
    void degraded(String sentence) {
        degradedReason = sentence;
    }

    /** Nothing will move until somebody acts, so it is told at once. */
    void blocked(String sentence) {
        blocked = sentence;
    }

    /** Which topics have rows that are held back, one sentence each. It is told at once, and until there are none. */
    void setHeldTopics(List<String> sentences) {
        heldTopics = sentences;
    }

    /** Rows flow, except those that are held back. */
    void healthy() {
        blocked = null;
        degradedReason = null;
    }

    /** Empty while rows flow, or could; otherwise says what does not work. */
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
