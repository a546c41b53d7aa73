package dev.lockstep.audit;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/** The dead letters and replays of all outboxes by what they say, and how often Kafka has that. */
final class Verbatims {
    private final Map<Long, Same> byContent = new HashMap<>();

    /** Rows that say the same, of which the first one stands for all. */
    static final class Same {
        private final Verbatim first;
        private long rows;
        private long records;

        private Same(Verbatim first) {
            this.first = first;
        }

        Verbatim first() {
            return first;
        }

        long rows() {
            return rows;
        }

        long records() {
            return records;
        }
    }

    void add(Collection<Verbatim> rows) {
        rows.forEach(row -> byContent.computeIfAbsent(row.content(), first -> new Same(row)).rows++);
    }

    boolean isEmpty() {
        return byContent.isEmpty();
    }

    /** Takes note of a record. False if no row says that. */
    boolean see(long content) {
        Same same = byContent.get(content);
        if (same != null) {
            same.records++;
        }
        return same != null;
    }

    Collection<Same> all() {
        return byContent.values();
    }
}
