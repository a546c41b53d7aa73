package dev.lockstep.relay;

import io.debezium.engine.DebeziumEngine.ChangeConsumer;
import io.debezium.engine.DebeziumEngine.RecordCommitter;
import io.debezium.engine.RecordChangeEvent;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;

/**
 * Checks the publication before publishing any record that was written after an alteration. Rows from before such a record may be missing,
 * and the records that come through the slot would overtake them.
 *
 * <p>Postgres describes a table again before the first row that it sends after an alteration, and Debezium creates a new schema from that.
 * A schema that was not seen before therefore triggers the check, and rows with a known schema cost nothing.
 */
final class PublicationGuard implements ChangeConsumer<RecordChangeEvent<SourceRecord>> {
    private static final int MAX_SCHEMAS = 64;

    private final ChangeConsumer<RecordChangeEvent<SourceRecord>> publisher;
    private final Runnable check;
    private final Set<Schema> seen = Collections.newSetFromMap(new IdentityHashMap<>());

    /** @param check throws if the publication was altered since the slot was created */
    PublicationGuard(ChangeConsumer<RecordChangeEvent<SourceRecord>> publisher, Runnable check) {
        this.publisher = publisher;
        this.check = check;
    }

    @Override
    public void handleBatch(
            List<RecordChangeEvent<SourceRecord>> batch, RecordCommitter<RecordChangeEvent<SourceRecord>> committer)
            throws InterruptedException {
        if (hasNewSchema(batch)) {
            check.run();
        }
        publisher.handleBatch(batch, committer);
    }

    private boolean hasNewSchema(List<RecordChangeEvent<SourceRecord>> batch) {
        boolean found = false;
        for (RecordChangeEvent<SourceRecord> event : batch) {
            for (SourceRecord record : CoalescingQueue.unpack(event.record())) {
                found |= isNew(record.valueSchema());
            }
        }
        return found;
    }

    private boolean isNew(@Nullable Schema schema) {
        if (schema == null || seen.contains(schema)) {
            return false;
        }
        if (seen.size() >= MAX_SCHEMAS) {
            seen.clear();
        }
        return seen.add(schema);
    }
}
