package dev.lockstep.audit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedSet;
import org.apache.kafka.common.TopicPartition;

/**
 * One audit from beginning to end.
 *
 * <pre>
 * wait ─▶ a snapshot of each database ─▶ where Kafka ends ─▶ read Kafka once ─▶ merge with the outboxes ─▶ order by order
 * </pre>
 *
 * <p>The snapshots are taken against the stream: the saga's first, which hears of everything last. What it calls ended must have
 * ended everywhere else. The order's is next: an order ends after what is held and paid for it, and where its saga is no longer kept,
 * its own word is all there is. Kafka is read after the outboxes, so that what they call relayed must be there.
 */
final class Audit {
    private final AuditPlan plan;
    private final Map<Check, Tally> tallies = new EnumMap<>(Check.class);
    private final Map<Party, SnapshotStore> snapshots = new EnumMap<>(Party.class);
    private final Map<String, Long> figures = new LinkedHashMap<>();

    private Audit(AuditPlan plan) {
        this.plan = plan;
        for (Check check : Check.values()) {
            tallies.put(check, new Tally(check, plan.most()));
        }
    }

    /** @throws AuditException if it cannot be made */
    static Report run(AuditPlan plan) {
        long begun = System.nanoTime();
        Audit audit = new Audit(plan);
        try (KafkaLog kafka = KafkaLog.open(plan.kafka())) {
            audit.run(kafka);
        } finally {
            audit.snapshots.values().forEach(SnapshotStore::close);
        }
        List<Tally> checked = audit.tallies.values().stream()
                .filter(tally -> plan.checks().contains(tally.check()))
                .toList();
        return new Report(checked, audit.figures, Duration.ofNanos(System.nanoTime() - begun));
    }

    private void run(KafkaLog kafka) {
        Settling settling = new Settling(plan, kafka);
        settling.await();
        // In the order of the constants, which is against the stream.
        for (Party party : Party.values()) {
            snapshots.put(
                    party,
                    SnapshotStore.open(Objects.requireNonNull(plan.databases().get(party))));
        }
        Map<Party, Long> since = new EnumMap<>(Party.class);
        snapshots.forEach((party, database) -> since.put(party, OutboxStore.since(database)));
        Moment moment = new Moment(
                settling.begun(),
                plan.settle(),
                since.values().stream().mapToLong(Long::longValue).max().orElseThrow());
        settling.lag().forEach((where, records) -> lag(moment, where, records));

        Verbatims verbatims = new Verbatims();
        SortedSet<String> topics = Party.topics();
        snapshots.forEach((party, database) -> {
            verbatims.add(OutboxStore.verbatim(database, party));
            topics.addAll(OutboxStore.topics(database));
        });
        try (KafkaReading reading = new KafkaReading(moment, verbatims, tally(Check.RELAYED))) {
            Map<TopicPartition, Long> ends = kafka.ends(kafka.partitions(topics));
            Retention retention = kafka.read(ends, plan.partitionsAdded(), reading::take);
            figures.put("records", reading.records());
            figures.put("record bytes", reading.bytes());
            relayed(moment, retention, reading, since);
            new RelayedCheck(moment, retention, tally(Check.RELAYED)).compare(verbatims);
            orders(moment, retention, reading);
        }
        letters(moment);
    }

    private void lag(Moment moment, String where, long records) {
        Tally settled = tally(Check.SETTLED);
        settled.count("unread by " + where, records);
        if (moment.leavesOpen()) {
            settled.leaveOpen(records);
        } else {
            settled.broken(
                    where,
                    "every record from before the audit began to wait to be read",
                    records + " are not after " + moment.waited().toSeconds() + " s",
                    "GET /health/ready and /metrics (lag) of that service");
        }
    }

    private void relayed(Moment moment, Retention retention, KafkaReading reading, Map<Party, Long> since) {
        RelayedCheck check = new RelayedCheck(moment, retention, tally(Check.RELAYED));
        KeyOrderCheck order = new KeyOrderCheck(plan.partitionsAdded(), tally(Check.ORDER), tally(Check.GAPS));
        for (Party party : Party.values()) {
            try (ExternalSort<KeyPosition> positions =
                            new ExternalSort<>(KeyPosition.AS_COMMITTED, KeyPosition.FORMAT);
                    Sorted<OutboxRow> rows = OutboxStore.rows(snapshot(party));
                    Sorted<Sighting> sightings = reading.sightings(party)) {
                check.compare(
                        party,
                        rows,
                        sightings,
                        Objects.requireNonNull(since.get(party)),
                        ids -> {
                            try (SnapshotStore later = SnapshotStore.open(
                                    Objects.requireNonNull(plan.databases().get(party)))) {
                                return OutboxStore.existing(later, ids);
                            }
                        },
                        positions::add);
                try (Sorted<KeyPosition> sorted = positions.sorted()) {
                    order.examine(sorted);
                }
            }
        }
        figures.put("outbox rows", tally(Check.RELAYED).counts().getOrDefault("rows", 0L));
    }

    private void orders(Moment moment, Retention retention, KafkaReading reading) {
        StockCheck stock = new StockCheck(moment, tally(Check.STOCK));
        List<OrderCheck> checks = List.of(
                new AcceptedCheck(moment, retention.truncated(), tally(Check.ACCEPTED), tally(Check.SETTLED)),
                stock,
                new MoneyCheck(moment, tally(Check.MONEY)),
                new OnceCheck(moment, tally(Check.ONCE)));
        long orders = 0;
        try (Dossiers dossiers = new Dossiers(facts(reading), moment)) {
            while (dossiers.hasNext()) {
                Dossier dossier = dossiers.next();
                orders++;
                checks.forEach(check -> check.examine(dossier));
            }
        }
        figures.put("orders", orders);
        try (Sorted<StockCheck.Product> products = BooksStore.products(snapshot(Party.INVENTORY))) {
            stock.compare(products);
        }
        BooksStore.examineLedger(snapshot(Party.PAYMENT), tally(Check.MONEY));
        BooksStore.examineIdempotency(snapshot(Party.ORDER), tally(Check.ONCE));
    }

    private List<Sorted<? extends Fact>> facts(KafkaReading reading) {
        List<Sorted<? extends Fact>> facts = new ArrayList<>();
        facts.add(AcceptedIds.read(plan.accepted()));
        facts.add(FactStore.orders(snapshot(Party.ORDER)));
        facts.add(FactStore.sagas(snapshot(Party.SAGA)));
        facts.add(FactStore.steps(snapshot(Party.SAGA)));
        facts.add(FactStore.reservations(snapshot(Party.INVENTORY)));
        facts.add(FactStore.payments(snapshot(Party.PAYMENT)));
        facts.add(FactStore.entries(snapshot(Party.PAYMENT)));
        for (Party party : Party.values()) {
            facts.add(OutboxStore.said(snapshot(party), party));
        }
        facts.add(reading.told());
        return facts;
    }

    private void letters(Moment moment) {
        LettersCheck check = new LettersCheck(moment, plan.allowDeadLetters(), tally(Check.LETTERS));
        for (Party party : Party.values()) {
            try (Sorted<LettersStore.DeadLetter> open = LettersStore.open(snapshot(party))) {
                check.examine(party, open, LettersStore.parked(snapshot(party)));
            }
        }
    }

    private Tally tally(Check check) {
        return Objects.requireNonNull(tallies.get(check));
    }

    private SnapshotStore snapshot(Party party) {
        return Objects.requireNonNull(snapshots.get(party));
    }
}
