package dev.lockstep.audit;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * Checks that every outbox row is on Kafka as it was written, and that every record that names a row has one. Merges two sorted
 * streams.
 */
final class RelayedCheck {
    private static final int RECHECK_BATCH_SIZE = 500;

    private final AuditWindow window;
    private final Retention retention;
    private final CheckResult result;

    RelayedCheck(AuditWindow window, Retention retention, CheckResult result) {
        this.window = window;
        this.retention = retention;
        this.result = result;
    }

    /**
     * Compares one service's rows with its records on Kafka.
     *
     * @param since since when the outbox is complete, in milliseconds
     * @param writtenMeanwhile returns those of the ids that are in the outbox by now
     * @param found receives the first position of each row that has a key
     */
    void compare(
            ServiceRole role,
            SortedStream<OutboxRow> rows,
            SortedStream<ObservedRecord> records,
            long since,
            UnaryOperator<List<UUID>> writtenMeanwhile,
            Consumer<KeyPosition> found) {
        List<ObservedRecord> unmatched = new ArrayList<>();
        while (rows.hasNext() || records.hasNext()) {
            int side = !rows.hasNext()
                    ? 1
                    : !records.hasNext()
                            ? -1
                            : Ids.UUID_ORDER.compare(
                                    rows.peek().stored().id(), records.peek().id());
            if (side > 0) {
                addUnmatched(records.next(), since, unmatched);
            } else {
                OutboxRow row = rows.next();
                List<ObservedRecord> seen = new ArrayList<>();
                while (side == 0
                        && records.hasNext()
                        && records.peek().id().equals(row.stored().id())) {
                    seen.add(records.next());
                }
                checkRow(role, row, seen, found);
            }
            if (unmatched.size() == RECHECK_BATCH_SIZE) {
                reportUnmatched(role, unmatched, writtenMeanwhile);
            }
        }
        reportUnmatched(role, unmatched, writtenMeanwhile);
    }

    /** Compares dead letters and replays. To be called after all records were read. */
    void compare(RawOutboxRows rawRows) {
        for (RawOutboxRows.RowGroup same : rawRows.groups()) {
            result.count("dead letters and replays", same.rows());
            if (same.records() < same.rows()) {
                handleMissing(
                        same.first().role(),
                        same.first().stored(),
                        Count.of(same.rows(), "record") + " with this content",
                        Count.of(same.records(), "record") + " with this content");
            }
        }
    }

    private void checkRow(ServiceRole role, OutboxRow row, List<ObservedRecord> seen, Consumer<KeyPosition> found) {
        result.count("rows");
        StoredRow stored = row.stored();
        List<ObservedRecord> right = seen.stream()
                .filter(record -> record.topic().equals(stored.topic()))
                .toList();
        for (ObservedRecord record : seen) {
            if (!record.topic().equals(stored.topic())) {
                addFinding(
                        role,
                        stored.id(),
                        "a record on " + stored.topic() + " only",
                        "a record at " + record.position());
            } else if (record.digest() != stored.digest()) {
                addFinding(
                        role,
                        stored.id(),
                        "a record with the key and value of the row",
                        "a different key or value at " + record.position() + ", for the " + row.type() + " of "
                                + stored.key());
            }
        }
        if (right.isEmpty()) {
            handleMissing(
                    role,
                    stored,
                    "a record on " + stored.topic() + " for the " + row.type() + " of " + stored.key(),
                    "none");
            return;
        }
        result.count("repeated", right.size() - 1L);
        // Once retention may have deleted records of a key, the remaining ones do not show its order.
        if (stored.key() != null && !retention.mayHaveExpired(stored.topic(), stored.key(), stored.createdAt())) {
            addFirstPositions(row, right, found);
        }
    }

    private static void addFirstPositions(OutboxRow row, List<ObservedRecord> right, Consumer<KeyPosition> found) {
        // Reports the first record in each partition: a key in more than one partition violates its order.
        Set<Integer> partitions = new HashSet<>();
        for (ObservedRecord record : right) {
            if (partitions.add(record.partition())) {
                found.accept(new KeyPosition(
                        row.stored().topic(),
                        String.valueOf(row.stored().key()),
                        row.sequence(),
                        row.stored().id(),
                        record.partition(),
                        record.offset(),
                        record.sequence()));
            }
        }
    }

    private void handleMissing(ServiceRole role, StoredRow row, String expected, String found) {
        if (retention.mayHaveExpired(row.topic(), row.key(), row.createdAt())) {
            result.count("expired");
        } else if (row.relayed()) {
            addFinding(role, row.id(), expected + ", because the service reports the row as relayed", found);
        } else if (window.isStuck(row.createdAt())) {
            addFinding(
                    role,
                    row.id(),
                    expected + ", because the row has been pending since " + Instant.ofEpochMilli(row.createdAt()),
                    found);
        } else {
            result.count("pending");
            if (window.leavesUndecided()) {
                result.addUndecided(1);
            }
        }
    }

    private void addUnmatched(ObservedRecord record, long since, List<ObservedRecord> unmatched) {
        if (record.mayBeReplay()) {
            return;
        }
        if (Ids.timestampMillis(record.id()) < since) {
            result.count("records older than the outbox");
        } else {
            unmatched.add(record);
        }
    }

    // The rows were read before the records, so a record without a row may belong to a row written since then.
    private void reportUnmatched(
            ServiceRole role, List<ObservedRecord> unmatched, UnaryOperator<List<UUID>> writtenMeanwhile) {
        if (unmatched.isEmpty()) {
            return;
        }
        Set<UUID> written = new HashSet<>(writtenMeanwhile.apply(
                unmatched.stream().map(ObservedRecord::id).toList()));
        for (ObservedRecord record : unmatched) {
            if (written.contains(record.id())) {
                result.count("written meanwhile");
            } else {
                addFinding(
                        role,
                        record.id(),
                        "an outbox row for the record at " + record.position(),
                        "none in the " + role.database() + " database");
            }
        }
        unmatched.clear();
    }

    private void addFinding(ServiceRole role, UUID id, String expected, String found) {
        result.addFinding(id.toString(), expected, found, role.id() + " GET /outbox/" + id);
    }
}
