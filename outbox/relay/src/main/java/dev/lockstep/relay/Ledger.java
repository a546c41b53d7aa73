package dev.lockstep.relay;

import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The rows that Kafka acknowledged to this engine and no reconciled heartbeat covers yet. The publisher adds, the reconciler settles.
 *
 * <p>Its memory is bounded: beyond the most that it keeps one by one, as after a long absence, rows are only counted. A difference then
 * still shows, but not which rows it is. While rows are compared it keeps twice as many.
 */
final class Ledger {
    private static final int MOST = 200_000;

    private final int most;
    private final Map<UUID, Kept> rows = new HashMap<>();

    private Snapshot settled;
    /** What the rows are being compared with. The ones that it shows are asked for one by one, so they stay. */
    private @Nullable Snapshot compared;

    private Fold folded = new Fold();
    private Fold foldedSince = new Fold();

    /**
     * A row that Kafka acknowledged.
     *
     * @param transaction the lower half of its transaction's id
     * @param digest of the payload that Kafka has
     */
    record Entry(UUID id, int transaction, long digest) {}

    /** What is kept of a row. */
    private record Kept(long transaction, long digest) {}

    /**
     * What two sets of rows have in common if they are the same.
     *
     * @param checksum the lower halves of the ids, combined by exclusive or
     * @param payloads the sum of the payloads' digests
     */
    record Tally(long rows, long checksum, long payloads) {
        static final Tally NONE = new Tally(0, 0, 0);

        Tally plus(UUID id, long digest) {
            return plus(new Tally(1, id.getLeastSignificantBits(), digest));
        }

        Tally plus(Tally other) {
            return new Tally(rows + other.rows, checksum ^ other.checksum, payloads + other.payloads);
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
                rows.put(entry.id(), new Kept(transaction, entry.digest()));
            }
        }
        if (compared == null ? rows.size() > most : rows.size() > 2 * most) {
            fold();
        }
    }

    /**
     * What was acknowledged between the watermark and this snapshot. What is added from now on is left for the next one.
     *
     * @return empty if it cannot be told, because rows that are only counted any more came after it. A later snapshot shows them
     */
    synchronized Optional<Tally> until(Snapshot snapshot) {
        folded.add(foldedSince);
        foldedSince = new Fold();
        if (!folded.isShownBy(snapshot)) {
            compared = null;
            return Optional.empty();
        }
        compared = snapshot;
        Tally tally = folded.tally;
        for (Map.Entry<UUID, Kept> row : rows.entrySet()) {
            if (snapshot.shows(row.getValue().transaction())) {
                tally = tally.plus(row.getKey(), row.getValue().digest());
            }
        }
        return Optional.of(tally);
    }

    /** Those of the rows of which it is not known that Kafka acknowledged them. */
    synchronized List<OutboxRow> unknown(List<OutboxRow> page) {
        return page.stream()
                .filter(row -> !rows.containsKey(UUID.fromString(row.id())))
                .toList();
    }

    /** Those of the rows of which Kafka acknowledged another payload than theirs. */
    synchronized List<OutboxRow> differing(List<OutboxRow> page) {
        return page.stream()
                .filter(row -> {
                    Kept kept = rows.get(UUID.fromString(row.id()));
                    return kept != null && kept.digest() != row.digest();
                })
                .toList();
    }

    /** Everything visible in the snapshot is in Kafka. */
    synchronized void settle(Snapshot snapshot) {
        settled = snapshot;
        compared = null;
        folded = new Fold();
        rows.values().removeIf(row -> snapshot.shows(row.transaction()));
    }

    private void fold() {
        Iterator<Map.Entry<UUID, Kept>> each = rows.entrySet().iterator();
        while (each.hasNext()) {
            Map.Entry<UUID, Kept> row = each.next();
            if (compared == null || !compared.shows(row.getValue().transaction())) {
                foldedSince.add(row.getKey(), row.getValue());
                each.remove();
            }
        }
    }

    /** Rows that are only counted any more, and a bit for each of their transactions. */
    private static final class Fold {
        private final Map<Long, BitSet> transactions = new HashMap<>();
        private Tally tally = Tally.NONE;
        private long newest;

        void add(UUID id, Kept row) {
            long transaction = row.transaction();
            tally = tally.plus(id, row.digest());
            newest = Math.max(newest, transaction);
            transactions
                    .computeIfAbsent(transaction >> Short.SIZE, upper -> new BitSet())
                    .set(lower(transaction));
        }

        void add(Fold other) {
            tally = tally.plus(other.tally);
            newest = Math.max(newest, other.newest);
            other.transactions.forEach((upper, bits) ->
                    transactions.computeIfAbsent(upper, none -> new BitSet()).or(bits));
        }

        boolean isShownBy(Snapshot snapshot) {
            return newest < snapshot.xmax() && snapshot.running().stream().noneMatch(this::has);
        }

        private boolean has(long transaction) {
            BitSet bits = transactions.get(transaction >> Short.SIZE);
            return bits != null && bits.get(lower(transaction));
        }

        private static int lower(long transaction) {
            return (int) (transaction & 0xffff);
        }
    }
}
