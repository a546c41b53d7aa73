package dev.lockstep.faults.agent;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** A mechanism that prevents harm by a fault. The suite can disable it to show the harm. */
public enum Protection {
    /** Claim, state and outbox are one transaction. Disabled: every statement commits by itself. */
    TRANSACTION,
    /** A repeated message changes nothing. Disabled: neither the inbox nor the payments recognise repeats. */
    REPEATS,
    /** Offsets are committed after the transaction. Disabled: before it. */
    OFFSETS,
    /**
     * The relay confirms to the slot only rows that Kafka has acknowledged, and compares them with the table. Disabled: it confirms rows
     * as soon as they are passed to the producer, and compares nothing.
     */
    ACKNOWLEDGEMENT,
    /**
     * Rows that a slot did not deliver are sent from the table. Disabled: neither a new slot nor the comparison with the table sends
     * them.
     */
    RECOVERY,
    /** A row that Kafka refuses is held until Kafka accepts it. Disabled: it is skipped. */
    HELD_ROWS,
    /** A message that can never be handled becomes a dead letter. Disabled: it is retried for ever. */
    DEAD_LETTERS,
    /** Consumers read committed records only. Disabled: they also read records of aborted transactions. */
    READ_COMMITTED,
    /** Consumers look for new partitions every few seconds. Disabled: every five minutes, like Kafka's client by default. */
    NEW_PARTITIONS,
    /** Records that were deleted before they were read are sent again. Disabled: senders send nothing. */
    LOST_RANGES,
    /** A locked row parks the keys that need it. Disabled: it counts as an unavailable database, and all keys wait. */
    ISOLATION,
    /** A late success is compensated. Disabled: it stays. */
    UNDO,
    /**
     * When the clock is set back, components that depend on it are recreated. Disabled: they wait until the earlier time is reached
     * again.
     */
    CLOCK,
    /**
     * A Postgres session that keeps failing is closed, together with the other sessions of its pool. Disabled: it returns to the pool.
     */
    SESSIONS,
    /** A retried request is recognised as the same request. Disabled: clients send no {@code Idempotency-Key}. */
    IDEMPOTENCY_KEY;

    /** The label, such as {@code dead-letters}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Parses a label. */
    public static Protection of(String label) {
        return Arrays.stream(values())
                .filter(protection -> protection.label().equals(label))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(label + " is not a protection; the protections are "
                        + Arrays.stream(values()).map(Protection::label).collect(Collectors.joining(", "))));
    }
}
