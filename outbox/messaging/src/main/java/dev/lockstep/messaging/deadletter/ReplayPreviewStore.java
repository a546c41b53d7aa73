package dev.lockstep.messaging.deadletter;

import dev.lockstep.messaging.deadletter.DeadLetterQueries.Filter;
import dev.lockstep.messaging.listing.Listing;
import dev.lockstep.messaging.sql.ListQuery;
import dev.lockstep.messaging.sql.SqlValues;
import dev.lockstep.messaging.sql.WhereClause;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Counts the dead letters that a replay would deliver, or has still to deliver. {@link ReplayStore} delivers them. */
public final class ReplayPreviewStore {
    private ReplayPreviewStore() {}

    /**
     * The dead letters that a replay would deliver, and those that it would not.
     *
     * @param count how many it would deliver, counted up to 100,000
     * @param more whether there are more dead letters than were counted
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
        ListQuery.Statement statement = statement(filter, to, job, forced, dedupWindow);
        return client.preparedQuery(statement.sql()).execute(statement.values()).map(ReplayPreviewStore::preview);
    }

    /** The statement of {@link #preview}. */
    public static ListQuery.Statement statement(
            Filter filter, ReplayDestination to, @Nullable UUID job, boolean forced, Duration dedupWindow) {
        WhereClause where = filter.addTo(new WhereClause().and("state = 'open'"))
                .and("returned_from IS DISTINCT FROM ?", job)
                .and("id < (SELECT until FROM dead_letter_replay WHERE id = ?)", job);
        String tooOld = forced ? "false" : ReplayStore.isTooOld(where.parameter(SqlValues.seconds(dedupWindow)));
        String sql = """
                WITH matching AS MATERIALIZED (
                    SELECT d.fingerprint, d.topic, d.type, d.reason, d.error_class, d.id, d.first_at,
                           %s AS is_read, %s AS key_is_text, %s AS fits, %s AS too_old
                      FROM dead_letter d
                    %s
                     LIMIT %s
                )
                SELECT fingerprint, topic, type, reason, error_class,
                       count(*) FILTER (WHERE is_read AND key_is_text AND fits AND NOT too_old) AS deliverable,
                       count(*) FILTER (WHERE is_read AND key_is_text AND fits AND too_old) AS too_old,
                       count(*) FILTER (WHERE is_read AND key_is_text AND NOT fits) AS too_large,
                       count(*) FILTER (WHERE is_read AND NOT key_is_text) AS key_not_text,
                       count(*) FILTER (WHERE NOT is_read) AS group_gone,
                       min(first_at) AS oldest
                  FROM matching
                 GROUP BY fingerprint, topic, type, reason, error_class
                 ORDER BY deliverable DESC, fingerprint
                """.formatted(
                        to.hasActiveGroup(),
                        to.keyIsText(),
                        to.fits(),
                        tooOld,
                        where.sql(),
                        where.parameter(Listing.MAX_COUNTED + 1));
        return new ListQuery.Statement(sql, where.values());
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
            long deliverable = row.getLong("deliverable");
            count += deliverable;
            tooOld += row.getLong("too_old");
            tooLarge += row.getLong("too_large");
            keyNotText += row.getLong("key_not_text");
            groupGone += row.getLong("group_gone");
            Instant first = SqlValues.instant(row, "oldest");
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
        boolean more = count + tooOld + tooLarge + keyNotText + groupGone > Listing.MAX_COUNTED;
        return new ReplayPreview(
                true,
                Math.min(count, Listing.MAX_COUNTED),
                more,
                tooOld,
                tooLarge,
                keyNotText,
                groupGone,
                oldest,
                List.copyOf(groups));
    }
}
