package dev.lockstep.faults.agent;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** What keeps a fault from doing harm, and can be switched off to see the harm. */
public enum Protection {
    /** Claim, state and outbox are one transaction. Off: every statement commits by itself. */
    TRANSACTION,
    /** A repeated message changes nothing. Off: neither the inbox nor the payments know what they have seen. */
    REPEATS,
    /** Offsets are committed after the transaction. Off: before it. */
    OFFSETS,
    /**
     * The relay confirms to the slot what Kafka has acknowledged, and compares that with the table. Off: it confirms what was handed to
     * the producer, and compares nothing.
     */
    ACKNOWLEDGEMENT,
    /** What a slot did not carry is sent from the table. Off: neither a new slot nor a comparison with the table brings it. */
    RECOVERY,
    /** A row that Kafka refuses is kept until Kafka takes it. Off: it is passed over. */
    HELD_ROWS,
    /** A message that can never be handled is put aside. Off: it is tried again for ever. */
    DEAD_LETTERS,
    /** Consumers read committed records only. Off: also those of transactions that were aborted. */
    READ_COMMITTED,
    /** Consumers ask every few seconds which partitions there are. Off: as Kafka's client does, every five minutes. */
    NEW_PARTITIONS,
    /** What was removed before it was read is sent again. Off: senders send nothing. */
    LOST_RANGES,
    /** A locked row parks the keys that need it. Off: it counts as a database that is away, and all keys wait. */
    ISOLATION,
    /** A late success is undone. Off: it stays. */
    UNDO,
    /** When the clock is set back, what measures by it is built anew. Off: it waits until that time has come round. */
    CLOCK,
    /** A Postgres session that keeps failing is closed, and so are the others of its pool. Off: it goes back to the pool. */
    SESSIONS,
    /** The retry of a request is the same request. Off: clients send no {@code Idempotency-Key}. */
    IDEMPOTENCY_KEY;

    /** As in {@code dead-letters}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Reads a label. */
    public static Protection of(String label) {
        return Arrays.stream(values())
                .filter(protection -> protection.label().equals(label))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(label + " is no protection; there are "
                        + Arrays.stream(values()).map(Protection::label).collect(Collectors.joining(", "))));
    }
}
