package dev.lockstep.audit;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/** The dead letters and replays of all outboxes by content, and how many records with that content are on Kafka. */
final class RawOutboxRows {
    private final Map<Long, RowGroup> byDigest = new HashMap<>();

    /** Rows with the same content. The first row represents all of them. */
    static final class RowGroup {
        private final RawOutboxRow first;
        private long rows;
        private long records;

        private RowGroup(RawOutboxRow first) {
            this.first = first;
        }

        RawOutboxRow first() {
            return first;
        }

        long rows() {
            return rows;
        }

        long records() {
            return records;
        }
    }

    void add(Collection<RawOutboxRow> rows) {
        rows.forEach(row -> byDigest.computeIfAbsent(row.stored().digest(), first -> new RowGroup(row)).rows++);
    }

    boolean isEmpty() {
        return byDigest.isEmpty();
    }

    /** Counts a record with this content. Returns false if no row has it. */
    boolean countRecord(long content) {
        RowGroup same = byDigest.get(content);
        if (same != null) {
            same.records++;
        }
        return same != null;
    }

    Collection<RowGroup> groups() {
        return byDigest.values();
    }
}
