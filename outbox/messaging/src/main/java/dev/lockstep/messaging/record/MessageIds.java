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
 * Gives every record the UUIDv7 that the inbox knows it by. CloudEvents says that {@code source} and {@code id} together
 * identify an event; the relay's ids are UUIDv7 already and are taken as they are.
 */
public final class MessageIds {
    /** For how many days from today on there are partitions. */
    public static final int PARTITIONS_AHEAD = 3;

    // A day less than there are: from midnight on the partitions are yesterday's, until maintenance has run.
    public static final int DAYS_AHEAD = PARTITIONS_AHEAD - 1;
    // RFC 9562, 5.7: a version 7 has 48 bits for the milliseconds since the epoch.
    private static final Instant MAX_TIMESTAMP = Instant.ofEpochMilli((1L << 48) - 1);

    private final Duration inboxRetention;

    public MessageIds(Duration inboxRetention) {
        this.inboxRetention = inboxRetention;
    }

    /**
     * What the inbox files the message under: its {@link #identity}, moved to the nearest day that has a partition if that is past the
     * retention or far ahead. It must be handled all the same.
     */
    public UUID of(ConsumerRecord<byte[], byte[]> record, Instant now) {
        return clamp(identity(record), now);
    }

    /** The same for every delivery of one message, whenever; for a record without {@code ce_id}, the same for every read of it. */
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

    /** When the message was written, as far as its id or the record tells; not later than now, whatever they say. */
    public static Instant writtenAt(ConsumerRecord<byte[], byte[]> record) {
        UUID id = version7(Headers.text(record, "ce_id"));
        long millis =
                id == null ? record.timestamp() : Math.min(id.getMostSignificantBits() >>> 16, record.timestamp());
        return Instant.ofEpochMilli(Math.clamp(millis, 0, System.currentTimeMillis()));
    }

    /**
     * The message that this one says is before it, unless that is this one, or is past the inbox's retention or far ahead: then
     * nobody knows.
     */
    @Nullable
    public UUID previousId(ConsumerRecord<byte[], byte[]> record, Instant now) {
        UUID previous = version7(Headers.text(record, "ce_previousid"));
        return previous == null || !clamp(previous, now).equals(previous) || previous.equals(identity(record))
                ? null
                : previous;
    }

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
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    /** The record's own time. Anybody can send any, so one that neither Postgres nor a UUID can hold is moved to the nearest that is. */
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

    // The day only: somebody who sends one message twice sends it at two times, and mostly on one day.
    private static Instant recordDay(ConsumerRecord<byte[], byte[]> record) {
        return Instant.ofEpochMilli(record.timestamp()).truncatedTo(ChronoUnit.DAYS);
    }
}
