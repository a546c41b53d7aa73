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

/** Takes in every record once and keeps, sorted, what the checks need of it. */
final class KafkaReading implements AutoCloseable {
    private static final Set<String> ENDS = Set.of("order.confirmed", "order.cancelled");

    private static final ExternalSort.Format<Fact.Told> TOLD = new ExternalSort.Format<>() {
        @Override
        public void write(Fact.Told told, DataOutputStream out) throws IOException {
            out.writeUTF(told.orderId());
            out.writeUTF(told.topic());
            out.writeUTF(told.messageId());
        }

        @Override
        public Fact.Told read(DataInputStream in) throws IOException {
            return new Fact.Told(in.readUTF(), in.readUTF().intern(), in.readUTF());
        }
    };

    private final Moment moment;
    private final Verbatims verbatims;
    private final Tally relayed;
    private final Digest digest = new Digest();
    private final Map<Party, ExternalSort<Sighting>> sightings = new EnumMap<>(Party.class);
    private final ExternalSort<Fact.Told> told =
            new ExternalSort<>(Comparator.comparing(Fact.Told::orderId, Ids.TEXT_ORDER), TOLD);
    private long records;
    private long bytes;

    KafkaReading(Moment moment, Verbatims verbatims, Tally relayed) {
        this.moment = moment;
        this.verbatims = verbatims;
        this.relayed = relayed;
        for (Party party : Party.values()) {
            sightings.put(party, new ExternalSort<>(Sighting.BY_ID, Sighting.FORMAT));
        }
    }

    void take(ConsumerRecord<byte[], byte[]> record) {
        records++;
        bytes += Math.max(0, record.serializedKeySize()) + Math.max(0, record.serializedValueSize());
        boolean verbatim = !verbatims.isEmpty() && verbatims.see(content(record));
        Optional<Party> party = Party.of(text(record, "ce_source"));
        if (record.topic().endsWith(Party.DEAD_LETTERS)) {
            deadLetter(record, verbatim);
        } else if (party.isPresent()) {
            said(record, party.get(), verbatim);
            if (ENDS.contains(record.topic()) && record.key() != null) {
                told.add(new Fact.Told(
                        new String(record.key(), StandardCharsets.UTF_8), record.topic(), text(record, "ce_id")));
            }
        } else {
            relayed.count("records of strangers");
        }
    }

    Sorted<Sighting> sightings(Party party) {
        return Objects.requireNonNull(sightings.get(party)).sorted();
    }

    Sorted<Fact.Told> told() {
        return told.sorted();
    }

    long records() {
        return records;
    }

    long bytes() {
        return bytes;
    }

    private void said(ConsumerRecord<byte[], byte[]> record, Party party, boolean verbatim) {
        Optional<UUID> id = Ids.parse(text(record, "ce_id"));
        if (id.isPresent()) {
            Objects.requireNonNull(sightings.get(party))
                    .add(new Sighting(
                            id.get(),
                            record.topic(),
                            record.partition(),
                            record.offset(),
                            digest.add(record.key()).add(record.value()).take(),
                            verbatim,
                            sequence(record)));
        } else if (!verbatim) {
            relayed.broken(
                    position(record),
                    "the id of an outbox row of " + party.source() + " as ce_id",
                    "\"" + text(record, "ce_id") + "\"",
                    party.id() + " GET /outbox");
        }
    }

    // What a service buried carries the headers that the record had, so only its own mark tells whose it is.
    private void deadLetter(ConsumerRecord<byte[], byte[]> record, boolean verbatim) {
        if (verbatim) {
            relayed.count("dead letters on Kafka");
            return;
        }
        long buriedAt = Ids.madeAt(text(record, "dlq_id"));
        if (buriedAt == 0) {
            relayed.count("records of strangers");
        } else if (moment.covers(buriedAt) && moment.isBefore(buriedAt)) {
            relayed.broken(
                    "dead letter " + text(record, "dlq_id"),
                    "an outbox row behind the record at " + position(record),
                    "none that says this",
                    text(record, "dlq_consumer_group") + " GET /dead-letters/" + text(record, "dlq_id"));
        }
    }

    private static long content(ConsumerRecord<byte[], byte[]> record) {
        VerbatimContent content = new VerbatimContent(record.topic(), record.key(), record.value());
        for (Header header : record.headers()) {
            content.header(header.key(), header.value());
        }
        return content.digest();
    }

    private static long sequence(ConsumerRecord<byte[], byte[]> record) {
        String sequence = text(record, "ce_sequence");
        return sequence.matches("0*\\d{1,18}") ? Long.parseLong(sequence) : Sighting.UNNUMBERED;
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
        sightings.values().forEach(ExternalSort::close);
        told.close();
    }
}
