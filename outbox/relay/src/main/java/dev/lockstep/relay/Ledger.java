package dev.lockstep.relay;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

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
    private long folded;
    private long foldedChecksum;

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
    record Tally(long rows, long checksum) {}

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
        if (rows.size() > most) {
            rows.keySet().forEach(this::fold);
            rows.clear();
        }
    }

    /** What was acknowledged between the watermark and this snapshot. */
    synchronized Tally until(Snapshot snapshot) {
        long count = folded;
        long checksum = foldedChecksum;
        for (Map.Entry<UUID, Long> row : rows.entrySet()) {
            if (snapshot.shows(row.getValue())) {
                count++;
                checksum ^= row.getKey().getLeastSignificantBits();
            }
        }
        return new Tally(count, checksum);
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
        folded = 0;
        foldedChecksum = 0;
        rows.values().removeIf(snapshot::shows);
    }

    private void fold(UUID id) {
        folded++;
        foldedChecksum ^= id.getLeastSignificantBits();
    }
}
