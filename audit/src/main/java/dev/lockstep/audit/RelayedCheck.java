package dev.lockstep.audit;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** Every outbox row is on Kafka as it was written, and no record says that it is a row which nobody wrote. Compares two sorted streams. */
final class RelayedCheck {
    private static final int LOOK_AGAIN = 500;

    private final Moment moment;
    private final Retention retention;
    private final Tally tally;

    RelayedCheck(Moment moment, Retention retention, Tally tally) {
        this.moment = moment;
        this.retention = retention;
        this.tally = tally;
    }

    /**
     * Compares one service's rows with what Kafka has of them.
     *
     * @param since since when the outbox has everything
     * @param writtenMeanwhile gives those of the ids that the outbox has by now
     * @param found is told where each row with a key is first
     */
    void compare(
            Party party,
            Sorted<OutboxRow> rows,
            Sorted<Sighting> sightings,
            long since,
            UnaryOperator<List<UUID>> writtenMeanwhile,
            Consumer<KeyPosition> found) {
        List<Sighting> unsaid = new ArrayList<>();
        while (rows.hasNext() || sightings.hasNext()) {
            int side = !rows.hasNext()
                    ? 1
                    : !sightings.hasNext()
                            ? -1
                            : Ids.ORDER.compare(
                                    rows.peek().id(), sightings.peek().id());
            if (side > 0) {
                unsaid(sightings.next(), since, unsaid);
            } else {
                OutboxRow row = rows.next();
                List<Sighting> seen = new ArrayList<>();
                while (side == 0 && sightings.hasNext() && sightings.peek().id().equals(row.id())) {
                    seen.add(sightings.next());
                }
                row(party, row, seen, found);
            }
            if (unsaid.size() == LOOK_AGAIN) {
                report(party, unsaid, writtenMeanwhile);
            }
        }
        report(party, unsaid, writtenMeanwhile);
    }

    /** Compares dead letters and replays, once all records were seen. */
    void compare(Verbatims verbatims) {
        for (Verbatims.Same same : verbatims.all()) {
            tally.count("dead letters and replays", same.rows());
            Verbatim row = same.first();
            if (same.records() < same.rows()) {
                missing(
                        row.party(),
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

    private void row(Party party, OutboxRow row, List<Sighting> seen, Consumer<KeyPosition> found) {
        tally.count("rows");
        List<Sighting> right = seen.stream()
                .filter(sighting -> sighting.topic().equals(row.topic()))
                .toList();
        for (Sighting sighting : seen) {
            if (!sighting.topic().equals(row.topic())) {
                broken(
                        party,
                        row.id(),
                        "a record on " + row.topic() + " and nowhere else",
                        "one at " + sighting.position());
            } else if (sighting.content() != row.content()) {
                broken(
                        party,
                        row.id(),
                        "key and value as in the row",
                        "others at " + sighting.position() + ", for the " + row.type() + " of " + row.key());
            }
        }
        if (right.isEmpty()) {
            missing(
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
        tally.count("repeated", right.size() - 1L);
        // What is left of a key that the retention has been at says nothing about its order.
        if (row.key() != null && !retention.mayBeGone(row.topic(), row.key(), row.createdAt())) {
            first(row, right, found);
        }
    }

    private static void first(OutboxRow row, List<Sighting> right, Consumer<KeyPosition> found) {
        // The first in each partition: more than one partition is itself against the order of a key.
        Set<Integer> partitions = new HashSet<>();
        for (Sighting sighting : right) {
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

    private void missing(
            Party party,
            UUID id,
            String topic,
            @org.jspecify.annotations.Nullable String key,
            boolean relayed,
            long createdAt,
            String expected,
            String found) {
        if (retention.mayBeGone(topic, key, createdAt)) {
            tally.count("expired");
        } else if (relayed) {
            broken(party, id, expected + ", for the service says that Kafka acknowledged it", found);
        } else if (moment.calls(createdAt)) {
            broken(party, id, expected + ", for it waits since " + Instant.ofEpochMilli(createdAt), found);
        } else {
            tally.count("pending");
            if (moment.leavesOpen()) {
                tally.leaveOpen(1);
            }
        }
    }

    private void unsaid(Sighting sighting, long since, List<Sighting> unsaid) {
        if (sighting.sentAgain()) {
            return;
        }
        if (Ids.madeAt(sighting.id()) < since) {
            tally.count("records older than the outbox");
        } else {
            unsaid.add(sighting);
        }
    }

    // The rows were read before the records, so a record that nobody seems to have written may just be a new one.
    private void report(Party party, List<Sighting> unsaid, UnaryOperator<List<UUID>> writtenMeanwhile) {
        if (unsaid.isEmpty()) {
            return;
        }
        Set<UUID> written = new HashSet<>(
                writtenMeanwhile.apply(unsaid.stream().map(Sighting::id).toList()));
        for (Sighting sighting : unsaid) {
            if (written.contains(sighting.id())) {
                tally.count("written meanwhile");
            } else {
                broken(
                        party,
                        sighting.id(),
                        "an outbox row behind the record at " + sighting.position(),
                        "none in the " + party.database() + " database");
            }
        }
        unsaid.clear();
    }

    private void broken(Party party, UUID id, String expected, String found) {
        tally.broken(id.toString(), expected, found, party.id() + " GET /outbox/" + id);
    }
}
