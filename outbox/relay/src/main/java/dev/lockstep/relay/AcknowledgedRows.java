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
 * The rows that Kafka acknowledged to this engine and that the watermark has not passed yet. Rows that are held back count as acknowledged:
 * they are stored in {@code outbox_held} and are not missing. The publisher adds rows, the reconciler removes them.
 *
 * <p>Memory is bounded. Beyond a maximum number of rows, as after a long absence, rows are folded into a count and checksums. A difference
 * is then still detected, but not which rows it concerns. While a comparison runs, twice as many rows are kept.
 */
final class AcknowledgedRows {
    private static final int MAX_ROWS = 200_000;

    private final int maxRows;
    private final Map<UUID, TrackedRow> rows = new HashMap<>();

    private PgSnapshot watermark;
    /** The snapshot of the running comparison. Rows visible in it are looked up one by one, so they are kept. */
    private @Nullable PgSnapshot comparing;

    private CompactedRows compacted = new CompactedRows();
    private CompactedRows compactedSince = new CompactedRows();

    /**
     * A row that Kafka acknowledged.
     *
     * @param transaction the lower half of its transaction id
     * @param payloadCrc the CRC of the payload that Kafka has
     */
    record Entry(UUID id, int transaction, long payloadCrc) {}

    /** The part of a row that is kept. */
    private record TrackedRow(long transaction, long payloadCrc) {}

    /**
     * A digest of a set of rows, for comparing two sets.
     *
     * @param checksum the lower halves of the ids, combined by exclusive or
     * @param payloads the sum of the payloads' CRCs
     */
    record RowDigest(long rows, long checksum, long payloads) {
        static final RowDigest EMPTY = new RowDigest(0, 0, 0);

        RowDigest plus(UUID id, long payloadCrc) {
            return plus(new RowDigest(1, id.getLeastSignificantBits(), payloadCrc));
        }

        RowDigest plus(RowDigest other) {
            return new RowDigest(rows + other.rows, checksum ^ other.checksum, payloads + other.payloads);
        }
    }

    /** @param watermark the watermark's snapshot: rows visible in it are repeats */
    AcknowledgedRows(PgSnapshot watermark) {
        this(watermark, MAX_ROWS);
    }

    AcknowledgedRows(PgSnapshot watermark, int maxRows) {
        this.watermark = watermark;
        this.maxRows = maxRows;
    }

    synchronized void add(Collection<Entry> acknowledged) {
        for (Entry entry : acknowledged) {
            long transaction = watermark.toFullXid(entry.transaction());
            if (!watermark.isVisible(transaction)) {
                rows.put(entry.id(), new TrackedRow(transaction, entry.payloadCrc()));
            }
        }
        if (comparing == null ? rows.size() > maxRows : rows.size() > 2 * maxRows) {
            compact();
        }
    }

    /**
     * Returns the digest of the rows that were acknowledged between the watermark and this snapshot. Rows added from now on belong to a
     * later comparison.
     *
     * @return empty if the digest cannot be computed, because some rows that were folded into the count are not visible in this snapshot. A
     *     later snapshot will show them
     */
    synchronized Optional<RowDigest> digestUntil(PgSnapshot snapshot) {
        compacted.add(compactedSince);
        compactedSince = new CompactedRows();
        if (!compacted.isVisibleIn(snapshot)) {
            comparing = null;
            return Optional.empty();
        }
        comparing = snapshot;
        RowDigest digest = compacted.digest;
        for (Map.Entry<UUID, TrackedRow> row : rows.entrySet()) {
            if (snapshot.isVisible(row.getValue().transaction())) {
                digest = digest.plus(row.getKey(), row.getValue().payloadCrc());
            }
        }
        return Optional.of(digest);
    }

    /** Returns those of the rows that are not known to be acknowledged by Kafka. */
    synchronized List<OutboxRow> notAcknowledged(List<OutboxRow> page) {
        return page.stream()
                .filter(row -> !rows.containsKey(UUID.fromString(row.id())))
                .toList();
    }

    /** Returns those of the rows for which Kafka acknowledged a different payload. */
    synchronized List<OutboxRow> withDifferentPayload(List<OutboxRow> page) {
        return page.stream()
                .filter(row -> {
                    TrackedRow kept = rows.get(UUID.fromString(row.id()));
                    return kept != null && kept.payloadCrc() != row.payloadCrc();
                })
                .toList();
    }

    /** Forgets everything visible in the snapshot, because it is in Kafka. */
    synchronized void advanceTo(PgSnapshot snapshot) {
        watermark = snapshot;
        comparing = null;
        compacted = new CompactedRows();
        rows.values().removeIf(row -> snapshot.isVisible(row.transaction()));
    }

    private void compact() {
        Iterator<Map.Entry<UUID, TrackedRow>> each = rows.entrySet().iterator();
        while (each.hasNext()) {
            Map.Entry<UUID, TrackedRow> row = each.next();
            if (comparing == null || !comparing.isVisible(row.getValue().transaction())) {
                compactedSince.add(row.getKey(), row.getValue());
                each.remove();
            }
        }
    }

    /** Rows folded into a count and checksums can no longer be subtracted, so one bit per transaction is kept. */
    private static final class CompactedRows {
        private final Map<Long, BitSet> transactions = new HashMap<>();
        private RowDigest digest = RowDigest.EMPTY;
        private long newest;

        void add(UUID id, TrackedRow row) {
            long transaction = row.transaction();
            digest = digest.plus(id, row.payloadCrc());
            newest = Math.max(newest, transaction);
            transactions
                    .computeIfAbsent(transaction >> Short.SIZE, upper -> new BitSet())
                    .set(lower(transaction));
        }

        void add(CompactedRows other) {
            digest = digest.plus(other.digest);
            newest = Math.max(newest, other.newest);
            other.transactions.forEach((upper, bits) ->
                    transactions.computeIfAbsent(upper, none -> new BitSet()).or(bits));
        }

        boolean isVisibleIn(PgSnapshot snapshot) {
            return newest < snapshot.xmax() && snapshot.inProgress().stream().noneMatch(this::contains);
        }

        private boolean contains(long transaction) {
            BitSet bits = transactions.get(transaction >> Short.SIZE);
            return bits != null && bits.get(lower(transaction));
        }

        private static int lower(long transaction) {
            return (int) (transaction & 0xffff);
        }
    }
}
