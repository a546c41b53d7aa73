package dev.lockstep.relay;

import java.util.HashSet;
import java.util.Set;

/**
 * The transactions that had committed at a moment, as in Postgres's {@code pg_snapshot}.
 *
 * @param xmin all transactions before it had ended
 * @param xmax no transaction from here on had begun
 * @param inProgress the transactions between the two that had not ended
 */
record PgSnapshot(long xmin, long xmax, Set<Long> inProgress) {
    /** @param text {@code xmin:xmax:running,...} */
    static PgSnapshot parse(String text) {
        String[] parts = text.split(":", -1);
        Set<Long> running = new HashSet<>();
        for (String xid : parts[2].split(",", -1)) {
            if (!xid.isEmpty()) {
                running.add(Long.valueOf(xid));
            }
        }
        return new PgSnapshot(Long.parseLong(parts[0]), Long.parseLong(parts[1]), running);
    }

    /** As {@code pg_visible_in_snapshot}, for a transaction that has committed. */
    boolean isVisible(long xid) {
        return xid < xmin || (xid < xmax && !inProgress.contains(xid));
    }

    /**
     * Returns the full id of a transaction whose lower half comes from the WAL: of all ids with this lower half the one nearest to this
     * snapshot.
     */
    long toFullXid(int lowerHalf) {
        // The difference wraps around in 32 bits, which makes it the shortest distance in either direction.
        return xmax + (lowerHalf - (int) xmax);
    }
}
