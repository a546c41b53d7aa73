package dev.lockstep.messaging.record;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Derives the UUIDv7 under which the inbox stores each record. According to CloudEvents, {@code source} and {@code id} together identify an
 * event. Ids from the relay are UUIDv7 already and are used as they are.
 */
public final class MessageIds {
    /** The number of days from today on for which partitions are created. */
    public static final int PARTITIONS_AHEAD = 3;

    // One day less than PARTITIONS_AHEAD: between midnight and the next maintenance run, the last day has no partition
    // yet.
    public static final int DAYS_AHEAD = PARTITIONS_AHEAD - 1;
    // RFC 9562, 5.7: a version 7 UUID has 48 bits for the milliseconds since the epoch.
    private static final Instant MAX_TIMESTAMP = Instant.ofEpochMilli((1L << 48) - 1);

    private final Duration inboxRetention;

    public MessageIds(Duration inboxRetention) {
        this.inboxRetention = inboxRetention;
    }

    /**
     * The id under which the inbox stores the message: its {@link #identity}, moved to the nearest day that has a partition if its time is
     * past the retention or far ahead. Such a message must be handled like any other.
     */
    public UUID of(ConsumerRecord<byte[], byte[]> record, Instant now) {
        return clamp(identity(record), now);
    }

    /**
     * The id of a message, which is the same for every delivery at any time. For a record without {@code ce_id} it is the same for every
     * read of that record.
     */
    public static UUID identity(ConsumerRecord<byte[], byte[]> record) {
        String id = Headers.text(record, "ce_id");
        UUID version7 = version7(id);
        if (version7 != null) {
            return version7;
        }
        String name = id == null
                ? record.topic() + '/' + record.partition() + '/' + record.offset()
                : Headers.text(record, "ce_source") + '/' + id;
        return nameBased(name, eventTime(record));
    }

    /** When the message was written: the earlier of the times of its id and its record, but never later than now. */
    public static Instant writtenAt(ConsumerRecord<byte[], byte[]> record) {
        UUID id = version7(Headers.text(record, "ce_id"));
        long millis =
                id == null ? record.timestamp() : Math.min(id.getMostSignificantBits() >>> 16, record.timestamp());
        return Instant.ofEpochMilli(Math.clamp(millis, 0, System.currentTimeMillis()));
    }

    /**
     * The message that this record names as its predecessor. Null if it names none or itself, or if the predecessor's time is past the
     * inbox's retention or far ahead, because the inbox then cannot know whether it was received.
     */
    @Nullable
    public UUID previousId(ConsumerRecord<byte[], byte[]> record, Instant now) {
        UUID previous = version7(Headers.text(record, "ce_previousid"));
        return previous == null || !clamp(previous, now).equals(previous) || previous.equals(identity(record))
                ? null
                : previous;
    }

    /** Moves an id to the nearest day that has a partition of the inbox. */
    public UUID clamp(UUID id, Instant now) {
        long earliest = now.minus(inboxRetention).truncatedTo(ChronoUnit.DAYS).toEpochMilli();
        long latest = now.truncatedTo(ChronoUnit.DAYS)
                .plus(DAYS_AHEAD, ChronoUnit.DAYS)
                .toEpochMilli();
        long millis = id.getMostSignificantBits() >>> 16;
        long filed = Math.clamp(millis, earliest, latest);
        return filed == millis ? id : withTimestamp(filed, id);
    }

    private static UUID withTimestamp(long millis, UUID id) {
        return new UUID((millis << 16) | (id.getMostSignificantBits() & 0xFFFF), id.getLeastSignificantBits());
    }

    private static @Nullable UUID version7(@Nullable String id) {
        if (id == null || id.length() != 36) {
            return null;
        }
        try {
            UUID uuid = UUID.fromString(id);
            return uuid.version() == 7 && uuid.toString().equals(id.toLowerCase(Locale.ROOT)) ? uuid : null;
        } catch (IllegalArgumentException notOne) {
            return null;
        }
    }

    private static UUID nameBased(String name, Instant occurredAt) {
        try {
            ByteBuffer hash =
                    ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8)));
            long random = hash.getLong() & 0x0FFF;
            long variant = (hash.getLong() & 0x3FFF_FFFF_FFFF_FFFFL) | 0x8000_0000_0000_0000L;
            return new UUID((occurredAt.toEpochMilli() << 16) | 0x7000 | random, variant);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("SHA-256 is not available", e);
        }
    }

    /**
     * The record's timestamp. A producer can set any value, so a time that Postgres or a UUID cannot hold is moved to the nearest one that
     * they can.
     */
    public static Instant recordTime(ConsumerRecord<byte[], byte[]> record) {
        return clamp(Instant.ofEpochMilli(record.timestamp()));
    }

    private static Instant eventTime(ConsumerRecord<byte[], byte[]> record) {
        return clamp(time(record));
    }

    private static Instant clamp(Instant time) {
        if (time.isBefore(Instant.EPOCH)) {
            return Instant.EPOCH;
        }
        return time.isAfter(MAX_TIMESTAMP) ? MAX_TIMESTAMP : time;
    }

    private static Instant time(ConsumerRecord<byte[], byte[]> record) {
        String time = Headers.text(record, "ce_time");
        if (time != null) {
            try {
                return Instant.parse(time);
            } catch (DateTimeParseException malformed) {
                return recordDay(record);
            }
        }
        return recordDay(record);
    }

    // Only the day: a producer that sends one message twice uses two timestamps, which are usually on the same day.
    private static Instant recordDay(ConsumerRecord<byte[], byte[]> record) {
        return Instant.ofEpochMilli(record.timestamp()).truncatedTo(ChronoUnit.DAYS);
    }
}
