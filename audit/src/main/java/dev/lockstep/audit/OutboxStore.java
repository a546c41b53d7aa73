package dev.lockstep.audit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Reads the outbox of one database. */
final class OutboxStore {
    private static final ObjectMapper JSON = new ObjectMapper();

    // A row counts as relayed if the service reports it as relayed: its transaction is visible in the watermark's
    // snapshot, and the relay does not hold the row back. A row that resends another row is sent with the original's
    // id, so only the original is compared with Kafka.
    private static final String ROWS = """
            SELECT o.id, o.aggregateid, o.type, o.topic, o.payload, o.created_at,
                   pg_visible_in_snapshot(o.xid, w.snapshot) AND o.id NOT IN (SELECT id FROM outbox_held) AS relayed,
                   coalesce(o.sequence, -1) AS sequence
              FROM outbox o CROSS JOIN outbox_watermark w
             WHERE o.headers IS NULL AND o.resend_of IS NULL
             ORDER BY o.id
            """;

    private static final String MESSAGE_COUNTS = """
            SELECT aggregateid, type, count(*) AS times
              FROM outbox
             WHERE headers IS NULL AND aggregateid IS NOT NULL AND resend_of IS NULL
             GROUP BY aggregateid, type
             ORDER BY aggregateid COLLATE "C"
            """;

    private static final String RAW_ROWS = """
            SELECT o.id, o.aggregateid, o.topic, o.payload, o.headers::text AS headers, o.created_at,
                   pg_visible_in_snapshot(o.xid, w.snapshot) AND o.id NOT IN (SELECT id FROM outbox_held) AS relayed
              FROM outbox o CROSS JOIN outbox_watermark w
             WHERE o.headers IS NOT NULL
            """;

    private static final String TOPICS = "SELECT DISTINCT topic FROM outbox ORDER BY topic";

    private static final String OLDEST_PARTITION = """
            SELECT min(right(c.relname, 8))
              FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
             WHERE i.inhparent = 'outbox'::regclass
            """;

    private static final String EXISTING = "SELECT id FROM outbox WHERE id = ANY (string_to_array(?, ',')::uuid[])";

    private OutboxStore() {}

    /** Returns the rows whose records carry the row's id, sorted by id. */
    static SortedStream<OutboxRow> rows(SnapshotStore database) {
        Digest digest = new Digest();
        return database.stream(
                ROWS,
                row -> new OutboxRow(
                        stored(
                                row,
                                digest.add(row.getString("aggregateid"))
                                        .add(row.getBytes("payload"))
                                        .digest()),
                        row.getString("type"),
                        row.getLong("sequence")));
    }

    /** Returns the number of messages of each type by order, sorted by order. A resend is not counted: it repeats a message. */
    static SortedStream<Fact.OutboxCount> outboxCounts(SnapshotStore database, ServiceRole role) {
        return database.stream(
                MESSAGE_COUNTS,
                row -> new Fact.OutboxCount(
                        row.getString("aggregateid"), role, row.getString("type"), row.getLong("times")));
    }

    /** Returns the rows that store their own headers: dead letters and replays. */
    static List<RawOutboxRow> rawRows(SnapshotStore database, ServiceRole role) {
        return database.list(RAW_ROWS, row -> new RawOutboxRow(stored(row, digestOf(row)), role));
    }

    private static StoredRow stored(ResultSet row, long digest) throws SQLException {
        return new StoredRow(
                row.getObject("id", UUID.class),
                row.getString("aggregateid"),
                row.getString("topic").intern(),
                digest,
                row.getBoolean("relayed"),
                row.getTimestamp("created_at").getTime());
    }

    static List<String> topics(SnapshotStore database) {
        return database.list(TOPICS, row -> row.getString(1));
    }

    /** Returns since when the outbox is complete, in milliseconds. Older rows were dropped with their daily partition. */
    static long completeSince(SnapshotStore database) {
        String day = database.list(OLDEST_PARTITION, row -> String.valueOf(row.getString(1)))
                .getFirst();
        return day.equals("null")
                ? Long.MAX_VALUE
                : LocalDate.parse(day, DateTimeFormatter.BASIC_ISO_DATE)
                        .atStartOfDay(ZoneOffset.UTC)
                        .toInstant()
                        .toEpochMilli();
    }

    /** Returns those of the ids that are in the outbox. */
    static List<UUID> existing(SnapshotStore database, List<UUID> ids) {
        return database.list(
                EXISTING,
                row -> row.getObject(1, UUID.class),
                String.join(",", ids.stream().map(UUID::toString).toList()));
    }

    private static long digestOf(ResultSet row) throws SQLException {
        RecordDigest content =
                new RecordDigest(row.getString("topic"), bytes(row.getString("aggregateid")), row.getBytes("payload"));
        try {
            for (JsonNode pair : JSON.readTree(row.getString("headers"))) {
                content.header(
                        pair.get(0).asText(),
                        pair.get(1).isNull()
                                ? null
                                : Base64.getDecoder().decode(pair.get(1).asText()));
            }
        } catch (IOException | IllegalArgumentException | NullPointerException malformed) {
            // Such a row cannot become a record. This digest matches no record, so the row is reported as missing.
            content.header("malformed headers", bytes(row.getString("headers")));
        }
        return content.digest();
    }

    private static byte @Nullable [] bytes(@Nullable String text) {
        return text == null ? null : text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    }
}
