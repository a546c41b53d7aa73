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
 * Checks that every outbox row is on Kafka as it was written, and that every record that claims to be a row has one. Merges two sorted
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
            ServiceRole party,
            SortedStream<OutboxRow> rows,
            SortedStream<ObservedRecord> sightings,
            long since,
            UnaryOperator<List<UUID>> writtenMeanwhile,
            Consumer<KeyPosition> found) {
        List<ObservedRecord> unsaid = new ArrayList<>();
        while (rows.hasNext() || sightings.hasNext()) {
            int side = !rows.hasNext()
                    ? 1
                    : !sightings.hasNext()
                            ? -1
                            : Ids.UUID_ORDER.compare(
                                    rows.peek().id(), sightings.peek().id());
            if (side > 0) {
                addUnmatched(sightings.next(), since, unsaid);
            } else {
                OutboxRow row = rows.next();
                List<ObservedRecord> seen = new ArrayList<>();
                while (side == 0 && sightings.hasNext() && sightings.peek().id().equals(row.id())) {
                    seen.add(sightings.next());
                }
                checkRow(party, row, seen, found);
            }
            if (unsaid.size() == RECHECK_BATCH_SIZE) {
                reportUnmatched(party, unsaid, writtenMeanwhile);
            }
        }
        reportUnmatched(party, unsaid, writtenMeanwhile);
    }

    /** Compares dead letters and replays. To be called after all records were read. */
    void compare(RawOutboxRows verbatims) {
        for (RawOutboxRows.RowGroup same : verbatims.groups()) {
            result.count("dead letters and replays", same.rows());
            RawOutboxRow row = same.first();
            if (same.records() < same.rows()) {
                handleMissing(
                        row.role(),
                        row.id(),
                        row.topic(),
                        row.key(),
                        row.relayed(),
                        row.createdAt(),
                        same.rows() + " with this content",
                        same.records() + " with this content");
            }
        }
    }

    private void checkRow(ServiceRole party, OutboxRow row, List<ObservedRecord> seen, Consumer<KeyPosition> found) {
        result.count("rows");
        List<ObservedRecord> right = seen.stream()
                .filter(sighting -> sighting.topic().equals(row.topic()))
                .toList();
        for (ObservedRecord sighting : seen) {
            if (!sighting.topic().equals(row.topic())) {
                addFinding(
                        party,
                        row.id(),
                        "a record on " + row.topic() + " and nowhere else",
                        "one at " + sighting.position());
            } else if (sighting.digest() != row.digest()) {
                addFinding(
                        party,
                        row.id(),
                        "key and value as in the row",
                        "others at " + sighting.position() + ", for the " + row.type() + " of " + row.key());
            }
        }
        if (right.isEmpty()) {
            handleMissing(
                    party,
                    row.id(),
                    row.topic(),
                    row.key(),
                    row.relayed(),
                    row.createdAt(),
                    "a record on " + row.topic() + " for the " + row.type() + " of " + row.key(),
                    "none");
            return;
        }
        result.count("repeated", right.size() - 1L);
        // Once retention may have deleted records of a key, the remaining ones do not show its order.
        if (row.key() != null && !retention.mayHaveExpired(row.topic(), row.key(), row.createdAt())) {
            addFirstPositions(row, right, found);
        }
    }

    private static void addFirstPositions(OutboxRow row, List<ObservedRecord> right, Consumer<KeyPosition> found) {
        // Reports the first record in each partition: a key in more than one partition violates its order.
        Set<Integer> partitions = new HashSet<>();
        for (ObservedRecord sighting : right) {
            if (partitions.add(sighting.partition())) {
                found.accept(new KeyPosition(
                        row.topic(),
                        String.valueOf(row.key()),
                        row.sequence(),
                        row.id(),
                        sighting.partition(),
                        sighting.offset(),
                        sighting.sequence()));
            }
        }
    }

    private void handleMissing(
            ServiceRole party,
            UUID id,
            String topic,
            @org.jspecify.annotations.Nullable String key,
            boolean relayed,
            long createdAt,
            String expected,
            String found) {
        if (retention.mayHaveExpired(topic, key, createdAt)) {
            result.count("expired");
        } else if (relayed) {
            addFinding(party, id, expected + ", for the service says that Kafka acknowledged it", found);
        } else if (window.isStuck(createdAt)) {
            addFinding(party, id, expected + ", for it waits since " + Instant.ofEpochMilli(createdAt), found);
        } else {
            result.count("pending");
            if (window.leavesUndecided()) {
                result.addUndecided(1);
            }
        }
    }

    private void addUnmatched(ObservedRecord sighting, long since, List<ObservedRecord> unsaid) {
        if (sighting.mayBeReplay()) {
            return;
        }
        if (Ids.timestampMillis(sighting.id()) < since) {
            result.count("records older than the outbox");
        } else {
            unsaid.add(sighting);
        }
    }

    // The rows were read before the records, so a record without a row may belong to a row written since then.
    private void reportUnmatched(
            ServiceRole party, List<ObservedRecord> unsaid, UnaryOperator<List<UUID>> writtenMeanwhile) {
        if (unsaid.isEmpty()) {
            return;
        }
        Set<UUID> written = new HashSet<>(
                writtenMeanwhile.apply(unsaid.stream().map(ObservedRecord::id).toList()));
        for (ObservedRecord sighting : unsaid) {
            if (written.contains(sighting.id())) {
                result.count("written meanwhile");
            } else {
                addFinding(
                        party,
                        sighting.id(),
                        "an outbox row behind the record at " + sighting.position(),
                        "none in the " + party.database() + " database");
            }
        }
        unsaid.clear();
    }

    private void addFinding(ServiceRole party, UUID id, String expected, String found) {
        result.addFinding(id.toString(), expected, found, party.id() + " GET /outbox/" + id);
    }
}
