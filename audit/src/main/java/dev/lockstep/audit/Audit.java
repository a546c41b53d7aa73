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
 * wait ─▶ a snapshot of each database ─▶ end offsets of Kafka ─▶ read Kafka once ─▶ merge with the outboxes ─▶ order by order
 * </pre>
 *
 * <p>The snapshots are taken against the direction of the message flow. The saga's snapshot is first, because a saga ends last: an order
 * that has ended there must have ended everywhere else. The order's snapshot is second: an order ends after
 * its stock is held and its payment is made, and once its saga is no longer kept, the order's own status is the only evidence. Kafka is
 * read after the outboxes, so a row that an outbox calls relayed must be on Kafka.
 */
final class Audit {
    private final AuditPlan plan;
    private final Map<Check, CheckResult> results = new EnumMap<>(Check.class);
    private final Map<ServiceRole, SnapshotStore> snapshots = new EnumMap<>(ServiceRole.class);
    private final Map<String, Long> figures = new LinkedHashMap<>();

    private Audit(AuditPlan plan) {
        this.plan = plan;
        for (Check check : Check.values()) {
            results.put(check, new CheckResult(check, plan.maxFindings()));
        }
    }

    /**
     * Runs all checks and returns those that the plan asks for.
     *
     * @throws AuditException if the audit cannot be run, for example because Postgres or Kafka cannot be read
     */
    static Report run(AuditPlan plan) {
        long begun = System.nanoTime();
        Audit audit = new Audit(plan);
        try (KafkaReader kafka = KafkaReader.open(plan.sources().kafka())) {
            audit.run(kafka);
        } finally {
            audit.snapshots.values().forEach(SnapshotStore::close);
        }
        List<CheckResult> checked = audit.results.values().stream()
                .filter(result -> plan.checks().contains(result.check()))
                .toList();
        return new Report(checked, audit.figures, Duration.ofNanos(System.nanoTime() - begun));
    }

    private void run(KafkaReader kafka) {
        QuiescenceWait quiescence = new QuiescenceWait(plan, kafka);
        quiescence.await();
        // The constants are declared in snapshot order, against the direction of the message flow.
        for (ServiceRole role : ServiceRole.values()) {
            snapshots.put(role, SnapshotStore.open(plan.sources().database(role)));
        }
        Map<ServiceRole, Long> since = new EnumMap<>(ServiceRole.class);
        snapshots.forEach((role, database) -> since.put(role, OutboxStore.completeSince(database)));
        AuditWindow window = new AuditWindow(
                quiescence.startedAt(),
                plan.settle(),
                since.values().stream().mapToLong(Long::longValue).max().orElseThrow());
        quiescence.lag().forEach((where, records) -> checkLag(window, where, records));

        RawOutboxRows rawRows = new RawOutboxRows();
        SortedSet<String> topics = ServiceRole.topics();
        snapshots.forEach((role, database) -> {
            rawRows.add(OutboxStore.rawRows(database, role));
            topics.addAll(OutboxStore.topics(database));
        });
        try (KafkaRecordCollector reading = new KafkaRecordCollector(window, rawRows, result(Check.RELAYED))) {
            Map<TopicPartition, Long> ends = kafka.endOffsets(kafka.partitions(topics));
            Retention retention = kafka.read(ends, plan.partitionsAdded(), reading::accept);
            figures.put("records", reading.records());
            figures.put("record bytes", reading.bytes());
            checkRelayed(window, retention, reading, since);
            new RelayedCheck(window, retention, result(Check.RELAYED)).compare(rawRows);
            checkOrders(window, retention, reading);
        }
        checkDeadLetters(window);
    }

    private void checkLag(AuditWindow window, String where, long records) {
        CheckResult settled = result(Check.SETTLED);
        settled.count("unread by " + where, records);
        if (window.leavesUndecided()) {
            settled.addUndecided(records);
        } else {
            settled.addFinding(
                    where,
                    "no unread records from before the audit began to wait",
                    records + " unread records after " + window.maxWait().toSeconds() + " s",
                    "GET /health/ready and GET /metrics (lag) of the service");
        }
    }

    private void checkRelayed(
            AuditWindow window, Retention retention, KafkaRecordCollector reading, Map<ServiceRole, Long> since) {
        RelayedCheck check = new RelayedCheck(window, retention, result(Check.RELAYED));
        KeyOrderCheck order = new KeyOrderCheck(plan.partitionsAdded(), result(Check.ORDER), result(Check.GAPS));
        for (ServiceRole role : ServiceRole.values()) {
            try (ExternalSort<KeyPosition> positions =
                            new ExternalSort<>(KeyPosition.COMMIT_ORDER, KeyPosition.FORMAT);
                    SortedStream<OutboxRow> rows = OutboxStore.rows(snapshot(role));
                    SortedStream<ObservedRecord> records = reading.observedRecords(role)) {
                check.compare(
                        role,
                        rows,
                        records,
                        Objects.requireNonNull(since.get(role)),
                        ids -> {
                            try (SnapshotStore later =
                                    SnapshotStore.open(plan.sources().database(role))) {
                                return OutboxStore.existing(later, ids);
                            }
                        },
                        positions::add);
                try (SortedStream<KeyPosition> sorted = positions.sorted()) {
                    order.examine(sorted);
                }
            }
        }
        figures.put("outbox rows", result(Check.RELAYED).counts().getOrDefault("rows", 0L));
    }

    private void checkOrders(AuditWindow window, Retention retention, KafkaRecordCollector reading) {
        StockCheck stock = new StockCheck(window, result(Check.STOCK));
        List<OrderCheck> checks = List.of(
                new AcceptedCheck(window, retention.truncatedTopics(), result(Check.ACCEPTED), result(Check.SETTLED)),
                stock,
                new MoneyCheck(window, result(Check.MONEY)),
                new OnceCheck(window, result(Check.ONCE)));
        long orders = 0;
        try (OrderEvidenceIterator iterator = new OrderEvidenceIterator(facts(reading), window)) {
            while (iterator.hasNext()) {
                OrderEvidence evidence = iterator.next();
                orders++;
                checks.forEach(check -> check.examine(evidence));
            }
        }
        figures.put("orders", orders);
        try (SortedStream<StockCheck.Product> products =
                ConservationQueries.products(snapshot(ServiceRole.INVENTORY))) {
            stock.compare(products);
        }
        ConservationQueries.examineLedger(snapshot(ServiceRole.PAYMENT), result(Check.MONEY));
        ConservationQueries.examineIdempotency(snapshot(ServiceRole.ORDER), result(Check.ONCE));
    }

    private List<SortedStream<? extends Fact>> facts(KafkaRecordCollector reading) {
        List<SortedStream<? extends Fact>> facts = new ArrayList<>();
        facts.add(AcceptedIds.read(plan.sources().accepted()));
        facts.add(FactStore.orders(snapshot(ServiceRole.ORDER)));
        facts.add(FactStore.sagas(snapshot(ServiceRole.SAGA)));
        facts.add(FactStore.steps(snapshot(ServiceRole.SAGA)));
        facts.add(FactStore.reservations(snapshot(ServiceRole.INVENTORY)));
        facts.add(FactStore.payments(snapshot(ServiceRole.PAYMENT)));
        facts.add(FactStore.entries(snapshot(ServiceRole.PAYMENT)));
        for (ServiceRole role : ServiceRole.values()) {
            facts.add(OutboxStore.outboxCounts(snapshot(role), role));
        }
        facts.add(reading.outcomeRecords());
        return facts;
    }

    private void checkDeadLetters(AuditWindow window) {
        DeadLetterCheck check = new DeadLetterCheck(window, plan.allowDeadLetters(), result(Check.LETTERS));
        for (ServiceRole role : ServiceRole.values()) {
            try (SortedStream<DeadLetterStore.DeadLetter> open = DeadLetterStore.openDeadLetters(snapshot(role))) {
                check.examine(role, open, DeadLetterStore.parkedMessages(snapshot(role)));
            }
        }
    }

    private CheckResult result(Check check) {
        return Objects.requireNonNull(results.get(check));
    }

    private SnapshotStore snapshot(ServiceRole role) {
        return Objects.requireNonNull(snapshots.get(role));
    }
}
