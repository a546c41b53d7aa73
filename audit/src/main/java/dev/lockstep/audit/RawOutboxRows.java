package dev.lockstep.audit;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/** The dead letters and replays of all outboxes by what they say, and how often Kafka has that. */
final class RawOutboxRows {
    private final Map<Long, RowGroup> byDigest = new HashMap<>();

    /** Rows that say the same, of which the first one stands for all. */
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
        rows.forEach(row -> byDigest.computeIfAbsent(row.digest(), first -> new RowGroup(row)).rows++);
    }

    boolean isEmpty() {
        return byDigest.isEmpty();
    }

    /** Takes note of a record. False if no row says that. */
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
