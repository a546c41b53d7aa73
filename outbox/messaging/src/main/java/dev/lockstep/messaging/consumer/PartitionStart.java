package dev.lockstep.messaging.consumer;

import dev.lockstep.messaging.consumer.BrokerOffsets.PartitionLog;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Where a consumer begins to read a partition, and what was removed before it had read it.
 *
 * <pre>
 *                    begin          next            end
 *  removed records ....[██ applied ██|██ unread ████]
 *
 *  next &lt; begin          the records from next to begin were removed unread
 *  next &gt; end            the log was cut off, or its records were lost with a broker
 *  another topic id      the topic was deleted and created again: whatever it held after next was removed unread
 * </pre>
 *
 * @param offset the first record to read
 * @param lost the records that were removed unread, or null if there are none
 * @param invalidOffset a committed offset that belongs to another log and must not be trusted again, or null
 */
record PartitionStart(
        long offset, @Nullable LostRange lost, @Nullable Long invalidOffset) {

    /** Why records are missing. */
    enum Cause {
        /** Retention, or somebody with {@code DeleteRecords}, removed them. */
        REMOVED,
        /** The log ends before the offset that was read last. */
        LOG_CUT_OFF,
        /** The topic was deleted and created again. */
        TOPIC_RECREATED
    }

    /**
     * Records that were removed unread.
     *
     * @param to the first offset that is not missing, or null where that is not known
     */
    record LostRange(Cause cause, long from, @Nullable Long to) {
        /** As in {@code [17,42)}. */
        String range() {
            return "[" + from + "," + (to == null ? "unknown" : to) + ")";
        }

        /** How many offsets that are; 0 where it is not known. */
        long count() {
            return to == null ? 0 : Math.max(0, to - from);
        }
    }

    /**
     * What the consumer knows of a partition from before.
     *
     * @param nextOffset everything before it was applied
     * @param messageTime the time of the newest message applied, or null before the first
     * @param invalidOffset a committed offset that does not count, or null
     */
    record StoredPosition(
            String topicId,
            long nextOffset,
            @Nullable Instant messageTime,
            @Nullable Long invalidOffset) {}

    /**
     * Decides for a partition that the consumer has read before.
     *
     * @param fromOldest whether a group whose offsets are gone begins at the oldest record, not where it last was
     */
    static PartitionStart resume(PartitionLog log, StoredPosition known, boolean fromOldest) {
        Long committed = log.committed();
        if (!known.topicId().equals(log.topicId())) {
            LostRange lost = new LostRange(Cause.TOPIC_RECREATED, known.nextOffset(), null);
            return new PartitionStart(log.begin(), lost, committed);
        }
        boolean trusted = committed != null && !committed.equals(known.invalidOffset());
        long next = trusted && committed != null ? committed : known.nextOffset();
        if (next > log.end()) {
            LostRange lost = new LostRange(Cause.LOG_CUT_OFF, log.end(), next);
            return new PartitionStart(log.begin(), lost, committed);
        }
        // What was applied before an offset was set back is not missing.
        long applied = Math.max(next, known.nextOffset());
        if (applied < log.begin()) {
            LostRange lost = new LostRange(Cause.REMOVED, applied, log.begin());
            return new PartitionStart(log.begin(), lost, known.invalidOffset());
        }
        boolean forgotten = committed == null && fromOldest;
        return new PartitionStart(forgotten ? log.begin() : Math.max(next, log.begin()), null, known.invalidOffset());
    }

    /** Decides for a partition that was added to a topic that the consumer reads: all that was ever on it is to be read. */
    static PartitionStart forAddedPartition(PartitionLog log) {
        long next = log.committed() == null ? 0 : log.committed();
        return resume(log, new StoredPosition(log.topicId(), next, null, null), true);
    }

    /**
     * Decides for a partition of a topic that the consumer has kept no positions of.
     *
     * @param first where the consumer begins if it has committed nothing
     */
    static PartitionStart forNewTopic(PartitionLog log, long first) {
        Long committed = log.committed();
        long next = committed == null ? first : committed;
        return resume(log, new StoredPosition(log.topicId(), next, null, null), false);
    }
}
