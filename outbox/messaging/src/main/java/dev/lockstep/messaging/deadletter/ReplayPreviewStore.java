package dev.lockstep.messaging.deadletter;

import dev.lockstep.messaging.deadletter.DeadLetterQueries.Filter;
import dev.lockstep.messaging.deadletter.DeadLetterQueries.IndexedColumn;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Counts the dead letters that a replay would deliver, or has still to deliver. {@link ReplayStore} delivers them. */
final class ReplayPreviewStore {
    private static final String MATCHING = """
            SELECT d.fingerprint, d.topic, d.type, d.reason, d.error_class, d.id, d.first_at,
                   %s AS is_read, %s AS key_is_text, %s AS fits,
                   NOT $8 AND coalesce(d.message_id, uuidv7_floor(d.first_at))
                              < uuidv7_floor(now() - make_interval(secs => $9)) AS too_old
              FROM dead_letter d
             WHERE d.state = 'open' %s
               AND ($1::text IS NULL OR d.topic = $1)
               AND ($2::text IS NULL OR d.type = $2)
               AND ($3::text IS NULL OR d.reason = $3)
               AND ($4::text IS NULL OR d.key_text = $4)
               AND ($5::text IS NULL OR d.error_class = $5)
               AND ($6::text IS NULL OR d.fingerprint = $6)
               AND ($7::uuid IS NULL OR (d.returned_from IS DISTINCT FROM $7
                                         AND d.id < (SELECT until FROM dead_letter_replay WHERE id = $7)))
             LIMIT $10
            """;

    private static final String COUNT_MATCHING = """
            WITH matching AS MATERIALIZED (
            """ + MATCHING.indent(4) + """
            )
            SELECT fingerprint, topic, type, reason, error_class,
                   count(*) FILTER (WHERE is_read AND key_is_text AND fits AND NOT too_old) AS letters,
                   count(*) FILTER (WHERE is_read AND key_is_text AND fits AND too_old) AS too_old,
                   count(*) FILTER (WHERE is_read AND key_is_text AND NOT fits) AS too_large,
                   count(*) FILTER (WHERE is_read AND NOT key_is_text) AS key_not_text,
                   count(*) FILTER (WHERE NOT is_read) AS group_gone,
                   min(first_at) AS oldest
              FROM matching
             GROUP BY fingerprint, topic, type, reason, error_class
             ORDER BY letters DESC, fingerprint
            """;

    private static final Map<ReplayDestination, Map<IndexedColumn, String>> STATEMENTS =
            new EnumMap<>(ReplayDestination.class);

    static {
        for (ReplayDestination to : ReplayDestination.values()) {
            Map<IndexedColumn, String> ofLead = new EnumMap<>(IndexedColumn.class);
            for (IndexedColumn lead : IndexedColumn.values()) {
                ofLead.put(
                        lead,
                        COUNT_MATCHING.formatted(
                                to.hasActiveGroup(), to.keyIsText(), to.fits(), lead.condition("d.", 1)));
            }
            STATEMENTS.put(to, ofLead);
        }
    }

    private ReplayPreviewStore() {}

    /**
     * The dead letters that a replay would deliver, and those that it would not.
     *
     * @param count how many it would deliver, counted up to 100,000
     * @param tooOld how many it would refuse because they are older than the dedup window
     * @param tooLarge how many it would not send because Kafka might refuse them for their size
     * @param keyNotText how many cannot be sent because the outbox stores keys as text
     * @param groupGone how many cannot be redelivered because no instance of their consumer group reads their topic
     * @param oldest the earliest first failure of all of these
     */
    record ReplayPreview(
            boolean dryRun,
            long count,
            boolean more,
            long tooOld,
            long tooLarge,
            long keyNotText,
            long groupGone,
            @Nullable Instant oldest,
            List<ReplayPreviewGroup> groups) {}

    /** The dead letters of one fingerprint that a replay would deliver. */
    record ReplayPreviewGroup(
            String fingerprint,
            String topic,
            @Nullable String type,
            String reason,
            @Nullable String errorClass,
            long count) {}

    /**
     * Counts the dead letters that a replay would deliver.
     *
     * @param job the job whose cut-off applies, or null for now
     * @param forced whether dead letters older than the dedup window are delivered too
     */
    static Future<ReplayPreview> preview(
            SqlClient client,
            Filter filter,
            ReplayDestination to,
            @Nullable UUID job,
            boolean forced,
            Duration dedupWindow) {
        String statement = Objects.requireNonNull(
                Objects.requireNonNull(STATEMENTS.get(to)).get(filter.indexedColumn()));
        return client.preparedQuery(statement)
                .execute(filter.tuple()
                        .addValue(job)
                        .addValue(forced)
                        .addValue(dedupWindow.toMillis() / 1000.0)
                        .addValue(DeadLetterQueries.MAX_COUNTED + 1))
                .map(ReplayPreviewStore::preview);
    }

    private static ReplayPreview preview(Iterable<Row> rows) {
        long count = 0;
        long tooOld = 0;
        long tooLarge = 0;
        long keyNotText = 0;
        long groupGone = 0;
        Instant oldest = null;
        List<ReplayPreviewGroup> groups = new ArrayList<>();
        for (Row row : rows) {
            long deliverable = row.getLong("letters");
            count += deliverable;
            tooOld += row.getLong("too_old");
            tooLarge += row.getLong("too_large");
            keyNotText += row.getLong("key_not_text");
            groupGone += row.getLong("group_gone");
            Instant first = row.getOffsetDateTime("oldest").toInstant();
            oldest = oldest == null || first.isBefore(oldest) ? first : oldest;
            if (deliverable > 0) {
                groups.add(new ReplayPreviewGroup(
                        row.getString("fingerprint"),
                        row.getString("topic"),
                        row.getString("type"),
                        row.getString("reason"),
                        row.getString("error_class"),
                        deliverable));
            }
        }
        boolean more = count + tooOld + tooLarge + keyNotText + groupGone > DeadLetterQueries.MAX_COUNTED;
        return new ReplayPreview(
                true,
                Math.min(count, DeadLetterQueries.MAX_COUNTED),
                more,
                tooOld,
                tooLarge,
                keyNotText,
                groupGone,
                oldest,
                List.copyOf(groups));
    }
}
