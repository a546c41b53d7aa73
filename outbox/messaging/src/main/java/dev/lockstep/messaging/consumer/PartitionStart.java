package dev.lockstep.messaging.consumer;

import dev.lockstep.messaging.consumer.BrokerOffsets.PartitionLog;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Where a consumer starts to read a partition, and which records were removed before it had read them.
 *
 * <pre>
 *                    begin          next            end
 *  removed records ....[██ applied ██|██ unread ████]
 *
 *  next &lt; begin          the records from next to begin were removed unread
 *  next &gt; end            the log was truncated, or its records were lost with a broker
 *  another topic id      the topic was deleted and recreated: all its records after next were removed unread
 * </pre>
 *
 * @param offset the first record to read
 * @param lost the records that were removed unread, or null if there are none
 * @param invalidOffset a committed offset that belongs to another log and must not be used again, or null
 */
record PartitionStart(
        long offset, @Nullable LostRange lost, @Nullable Long invalidOffset) {

    /** The reason why records are missing. */
    enum Cause {
        /** Retention or a {@code DeleteRecords} request removed them. */
        REMOVED,
        /** The log ends before the offset that was read last. */
        LOG_CUT_OFF,
        /** The topic was deleted and recreated. */
        TOPIC_RECREATED
    }

    /**
     * A range of records that were removed unread.
     *
     * @param to the first offset that is not missing, or null if unknown
     */
    record LostRange(Cause cause, long from, @Nullable Long to) {
        /** Returns the range in the form {@code [17,42)}. */
        String range() {
            return "[" + from + "," + (to == null ? "unknown" : to) + ")";
        }

        /** Returns the number of offsets in the range; 0 if unknown. */
        long count() {
            return to == null ? 0 : Math.max(0, to - from);
        }
    }

    /**
     * The position that a consumer has stored for a partition.
     *
     * @param nextOffset all records before it were applied
     * @param messageTime the time of the newest applied message, or null before the first
     * @param invalidOffset a committed offset that must be ignored, or null
     */
    record StoredPosition(
            String topicId,
            long nextOffset,
            @Nullable Instant messageTime,
            @Nullable Long invalidOffset) {}

    /**
     * Decides for a partition that the consumer has read before.
     *
     * @param fromOldest whether a group without committed offsets starts at the oldest record instead of at its stored position
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
        // Records that were applied before an offset was reset to an earlier one are not missing.
        long applied = Math.max(next, known.nextOffset());
        if (applied < log.begin()) {
            LostRange lost = new LostRange(Cause.REMOVED, applied, log.begin());
            return new PartitionStart(log.begin(), lost, known.invalidOffset());
        }
        boolean forgotten = committed == null && fromOldest;
        return new PartitionStart(forgotten ? log.begin() : Math.max(next, log.begin()), null, known.invalidOffset());
    }

    /**
     * Decides for a partition that was added to a topic that the consumer already reads: all records that were ever on it must be read.
     */
    static PartitionStart forAddedPartition(PartitionLog log) {
        long next = log.committed() == null ? 0 : log.committed();
        return resume(log, new StoredPosition(log.topicId(), next, null, null), true);
    }

    /**
     * Decides for a partition of a topic for which the consumer has stored no positions.
     *
     * @param first where the consumer starts if the group has committed nothing
     */
    static PartitionStart forNewTopic(PartitionLog log, long first) {
        Long committed = log.committed();
        long next = committed == null ? first : committed;
        return resume(log, new StoredPosition(log.topicId(), next, null, null), false);
    }
}
