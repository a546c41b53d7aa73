package dev.lockstep.relay;

import java.util.HashSet;
import java.util.Set;

/**
 * Who had committed at a moment, as Postgres's {@code pg_snapshot} tells it.
 *
 * @param xmin everybody before it had ended
 * @param xmax nobody from here on had begun
 * @param inProgress who had not ended although it is between the two
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

    /** As {@code pg_visible_in_snapshot}, of a transaction that has committed. */
    boolean isVisible(long xid) {
        return xid < xmin || (xid < xmax && !inProgress.contains(xid));
    }

    /** The whole id of a transaction of which the log tells the lower half: of all that end so the one nearest to this snapshot. */
    long toFullXid(int lowerHalf) {
        return xmax + (lowerHalf - (int) xmax);
    }
}
