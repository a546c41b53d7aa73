package dev.lockstep.relay;

import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The rows that Kafka acknowledged to this engine and no reconciled heartbeat covers yet. The publisher adds, the reconciler settles.
 *
 * <p>Its memory is bounded: beyond the most that it keeps one by one, as after a long absence, rows are only counted. A difference then
 * still shows, but not which rows it is.
 */
final class Ledger {
    private static final int MOST = 200_000;

    private final int most;
    private final Map<UUID, Long> rows = new HashMap<>();

    private Snapshot settled;
    /** What the rows are being compared with. The ones that it shows are asked for one by one, so they stay. */
    private @Nullable Snapshot compared;

    private Tally folded = Tally.NONE;
    private Tally foldedSince = Tally.NONE;

    /**
     * A row that Kafka acknowledged.
     *
     * @param transaction the lower half of its transaction's id
     */
    record Entry(UUID id, int transaction) {}

    /**
     * What two sets of rows have in common if they are the same.
     *
     * @param checksum the lower halves of the ids, combined by exclusive or
     */
    record Tally(long rows, long checksum) {
        static final Tally NONE = new Tally(0, 0);

        Tally plus(UUID id) {
            return plus(new Tally(1, id.getLeastSignificantBits()));
        }

        Tally plus(Tally other) {
            return new Tally(rows + other.rows, checksum ^ other.checksum);
        }
    }

    /** @param settled the watermark's snapshot: what is visible in it are repeats */
    Ledger(Snapshot settled) {
        this(settled, MOST);
    }

    Ledger(Snapshot settled, int most) {
        this.settled = settled;
        this.most = most;
    }

    synchronized void add(Collection<Entry> acknowledged) {
        for (Entry entry : acknowledged) {
            long transaction = settled.whole(entry.transaction());
            if (!settled.shows(transaction)) {
                rows.put(entry.id(), transaction);
            }
        }
        if (compared == null ? rows.size() > most : rows.size() > 2 * most) {
            foldedSince = foldedSince.plus(fold());
        }
    }

    /** What was acknowledged between the watermark and this snapshot. What is added from now on is left for the next one. */
    synchronized Tally until(Snapshot snapshot) {
        folded = folded.plus(foldedSince);
        foldedSince = Tally.NONE;
        compared = snapshot;
        Tally tally = folded;
        for (Map.Entry<UUID, Long> row : rows.entrySet()) {
            if (snapshot.shows(row.getValue())) {
                tally = tally.plus(row.getKey());
            }
        }
        return tally;
    }

    /** Those of the rows of which it is not known that Kafka acknowledged them. */
    synchronized List<OutboxRow> unknown(List<OutboxRow> page) {
        return page.stream()
                .filter(row -> !rows.containsKey(UUID.fromString(row.id())))
                .toList();
    }

    /** Everything visible in the snapshot is in Kafka. */
    synchronized void settle(Snapshot snapshot) {
        settled = snapshot;
        compared = null;
        folded = Tally.NONE;
        rows.values().removeIf(snapshot::shows);
    }

    private Tally fold() {
        Tally tally = Tally.NONE;
        Iterator<Map.Entry<UUID, Long>> each = rows.entrySet().iterator();
        while (each.hasNext()) {
            Map.Entry<UUID, Long> row = each.next();
            if (compared == null || !compared.shows(row.getValue())) {
                tally = tally.plus(row.getKey());
                each.remove();
            }
        }
        return tally;
    }
}
