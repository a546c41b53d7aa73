package dev.lockstep.audit;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/** Receives every record once and keeps, sorted, the data that the checks need. */
final class KafkaRecordCollector implements AutoCloseable {
    private static final Set<String> OUTCOME_TOPICS = Set.of("order.confirmed", "order.cancelled");

    private static final ExternalSort.Format<Fact.OutcomeRecord> OUTCOME_FORMAT = new ExternalSort.Format<>() {
        @Override
        public void write(Fact.OutcomeRecord outcome, DataOutputStream out) throws IOException {
            out.writeUTF(outcome.orderId());
            out.writeUTF(outcome.topic());
            out.writeUTF(outcome.messageId());
        }

        @Override
        public Fact.OutcomeRecord read(DataInputStream in) throws IOException {
            return new Fact.OutcomeRecord(in.readUTF(), in.readUTF().intern(), in.readUTF());
        }
    };

    private final AuditWindow window;
    private final RawOutboxRows rawRows;
    private final CheckResult relayed;
    private final Digest digest = new Digest();
    private final Map<ServiceRole, ExternalSort<ObservedRecord>> observedRecords = new EnumMap<>(ServiceRole.class);
    private final ExternalSort<Fact.OutcomeRecord> outcomeRecords =
            new ExternalSort<>(Comparator.comparing(Fact.OutcomeRecord::orderId, Ids.TEXT_ORDER), OUTCOME_FORMAT);
    private long records;
    private long bytes;

    KafkaRecordCollector(AuditWindow window, RawOutboxRows rawRows, CheckResult relayed) {
        this.window = window;
        this.rawRows = rawRows;
        this.relayed = relayed;
        for (ServiceRole role : ServiceRole.values()) {
            observedRecords.put(role, new ExternalSort<>(ObservedRecord.BY_ID, ObservedRecord.FORMAT));
        }
    }

    void accept(ConsumerRecord<byte[], byte[]> record) {
        records++;
        bytes += Math.max(0, record.serializedKeySize()) + Math.max(0, record.serializedValueSize());
        boolean matchesRawRow = !rawRows.isEmpty() && rawRows.countRecord(digestOf(record));
        Optional<ServiceRole> role = ServiceRole.of(text(record, "ce_source"));
        if (record.topic().endsWith(ServiceRole.DEAD_LETTER_SUFFIX)) {
            checkDeadLetter(record, matchesRawRow);
        } else if (role.isPresent()) {
            addObservedRecord(record, role.get(), matchesRawRow);
            if (OUTCOME_TOPICS.contains(record.topic()) && record.key() != null) {
                outcomeRecords.add(new Fact.OutcomeRecord(
                        new String(record.key(), StandardCharsets.UTF_8), record.topic(), text(record, "ce_id")));
            }
        } else {
            relayed.count("records of other producers");
        }
    }

    SortedStream<ObservedRecord> observedRecords(ServiceRole role) {
        return Objects.requireNonNull(observedRecords.get(role)).sorted();
    }

    SortedStream<Fact.OutcomeRecord> outcomeRecords() {
        return outcomeRecords.sorted();
    }

    long records() {
        return records;
    }

    long bytes() {
        return bytes;
    }

    private void addObservedRecord(ConsumerRecord<byte[], byte[]> record, ServiceRole role, boolean matchesRawRow) {
        Optional<UUID> id = Ids.parse(text(record, "ce_id"));
        if (id.isPresent()) {
            Objects.requireNonNull(observedRecords.get(role))
                    .add(new ObservedRecord(
                            id.get(),
                            record.topic(),
                            record.partition(),
                            record.offset(),
                            digest.add(record.key()).add(record.value()).digest(),
                            matchesRawRow,
                            sequence(record)));
        } else if (!matchesRawRow) {
            relayed.addFinding(
                    position(record),
                    "a ce_id that is the id of an outbox row of " + role.source(),
                    "\"" + text(record, "ce_id") + "\"",
                    role.id() + " GET /outbox");
        }
    }

    // A dead letter carries the headers of the original record, so only its own dlq_id header shows that a service
    // wrote it.
    private void checkDeadLetter(ConsumerRecord<byte[], byte[]> record, boolean matchesRawRow) {
        if (matchesRawRow) {
            relayed.count("dead letters on Kafka");
            return;
        }
        long writtenAt = Ids.timestampMillis(text(record, "dlq_id"));
        if (writtenAt == 0) {
            relayed.count("records of other producers");
        } else if (window.outboxCovers(writtenAt) && window.startedAfter(writtenAt)) {
            relayed.addFinding(
                    "dead letter " + text(record, "dlq_id"),
                    "an outbox row for the record at " + position(record),
                    "no row with this content",
                    text(record, "dlq_consumer_group") + " GET /dead-letters/" + text(record, "dlq_id"));
        }
    }

    private static long digestOf(ConsumerRecord<byte[], byte[]> record) {
        RecordDigest content = new RecordDigest(record.topic(), record.key(), record.value());
        for (Header header : record.headers()) {
            content.header(header.key(), header.value());
        }
        return content.digest();
    }

    private static long sequence(ConsumerRecord<byte[], byte[]> record) {
        String sequence = text(record, "ce_sequence");
        return sequence.matches("0*\\d{1,18}") ? Long.parseLong(sequence) : ObservedRecord.NO_SEQUENCE;
    }

    private static String text(ConsumerRecord<byte[], byte[]> record, String name) {
        Header header = record.headers().lastHeader(name);
        byte @Nullable [] value = header == null ? null : header.value();
        return value == null ? "" : new String(value, StandardCharsets.UTF_8);
    }

    private static String position(ConsumerRecord<byte[], byte[]> record) {
        return record.topic() + "/" + record.partition() + "@" + record.offset();
    }

    @Override
    public void close() {
        observedRecords.values().forEach(ExternalSort::close);
        outcomeRecords.close();
    }
}
