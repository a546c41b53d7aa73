package dev.lockstep.messaging;

import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Sends rows of the outbox again, each as a new row that carries the first one's id, so that its readers recognise a repeat.
 * Every method runs on the caller's connection.
 */
final class ResendStore {
    private static final int MOST_COUNTED = 100_000;

    private static final String COPY = """
            INSERT INTO outbox (aggregatetype, aggregateid, type, topic, payload, traceparent, headers, sequence, previous_id,
                                resend_of)
            SELECT aggregatetype, aggregateid, type, topic, payload, traceparent, headers, sequence, previous_id, id
            """;

    private static final String RESEND_IDS = COPY + """
              FROM outbox
             WHERE id = ANY ($1) AND resend_of IS NULL
             ORDER BY id
            RETURNING resend_of
            """;

    private static final String CREATE = """
            INSERT INTO outbox_resend (ids, key, type, topic, position, until, reason, requested_by)
            VALUES ($1, $2, $3, $4, coalesce(uuidv7_floor($5), '00000000-0000-0000-0000-000000000000'),
                    least(uuidv7_floor($6), uuidv7()), $7, $8)
            RETURNING id
            """;

    // A job that began after the reader had noticed its loss, and no later in the log, has sent what it asks for, or
    // will.
    // One that is under way begins again from further back, so there is never more than one a topic.
    private static final String CREATE_FOR_LOST_RANGE = """
            INSERT INTO outbox_resend AS r (topic, position, since, until, for_lost_range, reason, requested_by)
            SELECT $1, w.since, w.since, uuidv7(), true, 'records were removed before ' || $4 || ' had read them', $4
              FROM (SELECT greatest(uuidv7_floor($2), uuidv7_floor(now() - make_interval(secs => $5))) AS since) w
             WHERE NOT EXISTS (SELECT FROM outbox_resend done
                                WHERE done.for_lost_range AND done.topic = $1 AND done.since <= w.since AND done.until > $3)
                ON CONFLICT (topic) WHERE for_lost_range AND finished_at IS NULL DO UPDATE
               SET position = least(r.position, EXCLUDED.position),
                   since = least(r.since, EXCLUDED.since),
                   until = EXCLUDED.until
            RETURNING id
            """;

    // By id and by key there is an index; else it is as many rows as are read, not as many as match, that make a page.
    // A job that another instance has in hand is skipped.
    private static final String STEP = """
            WITH job AS MATERIALIZED (
                SELECT * FROM outbox_resend WHERE id = $1 AND finished_at IS NULL FOR UPDATE SKIP LOCKED
            ), page AS MATERIALIZED (
                SELECT o.*
                  FROM job j
                 CROSS JOIN LATERAL (SELECT * FROM outbox o
                                      WHERE o.id > j.position AND o.id < j.until %s
                                      ORDER BY o.id
                                      LIMIT $2) o
            ), resent AS (
            """ + COPY.indent(4) + """
                  FROM (SELECT p.*
                          FROM page p, job j
                         WHERE p.resend_of IS NULL
                           AND (j.key IS NULL OR p.aggregateid = j.key)
                           AND (j.type IS NULL OR p.type = j.type)
                           AND (j.topic IS NULL OR p.topic = j.topic)) wanted
                 ORDER BY id
                RETURNING id
            )
            UPDATE outbox_resend r
               SET position = coalesce((SELECT id FROM page ORDER BY id DESC LIMIT 1), r.position),
                   resent = r.resent + (SELECT count(*) FROM resent),
                   finished_at = CASE WHEN (SELECT count(*) FROM page) < $2 THEN now() END
              FROM job
             WHERE r.id = job.id
            RETURNING r.finished_at IS NOT NULL AS finished
            """;

    private static final String STEP_ALL = STEP.formatted("");
    private static final String STEP_KEY = STEP.formatted("AND o.aggregateid = j.key");
    private static final String STEP_IDS = STEP.formatted("AND o.id = ANY (j.ids)");

    private static final String MATCHING = """
              FROM outbox o
             WHERE o.resend_of IS NULL
               AND ($1::uuid[] IS NULL OR o.id = ANY ($1))
               AND ($2::text IS NULL OR o.aggregateid = $2)
               AND ($3::text IS NULL OR o.type = $3)
               AND ($4::text IS NULL OR o.topic = $4)
               AND ($5::timestamptz IS NULL OR o.id >= uuidv7_floor($5))
               AND ($6::timestamptz IS NULL OR o.id < uuidv7_floor($6))
            """;

    private static final String COUNT =
            "SELECT count(*) FROM (SELECT 1 " + MATCHING + " LIMIT " + (MOST_COUNTED + 1) + ") matching";

    private static final String OLDER =
            "SELECT EXISTS (SELECT " + MATCHING + " AND o.id < uuidv7_floor(now() - make_interval(secs => $7)))";

    private static final String FIND = """
            SELECT id, ids, key, type, topic, resent, reason, requested_by, created_at, finished_at
              FROM outbox_resend WHERE id = $1
            """;

    private static final String UNFINISHED =
            "SELECT id FROM outbox_resend WHERE finished_at IS NULL ORDER BY id LIMIT 100";

    private ResendStore() {}

    /** Which rows are meant; a null matches all. */
    record Filter(
            @Nullable List<UUID> ids,
            @Nullable String key,
            @Nullable String type,
            @Nullable String topic,
            @Nullable Instant from,
            @Nullable Instant to) {
        private UUID @Nullable [] idArray() {
            return ids == null ? null : ids.toArray(UUID[]::new);
        }

        private Tuple tuple() {
            return Tuple.tuple()
                    .addValue(idArray())
                    .addValue(key)
                    .addValue(type)
                    .addValue(topic)
                    .addValue(time(from))
                    .addValue(time(to));
        }
    }

    /**
     * A resend as it is shown.
     *
     * @param state {@code running} or {@code done}
     * @param resent how many messages were sent again so far
     */
    record Shown(
            UUID id,
            String state,
            long resent,
            @Nullable String key,
            @Nullable String type,
            @Nullable String topic,
            @Nullable String reason,
            String requestedBy,
            Instant createdAt,
            @Nullable Instant finishedAt) {}

    /** What a step came to: nothing, as somebody else does it or it is done; some rows, with more to come; or the last ones. */
    enum Step {
        NOT_OURS,
        MORE,
        LAST
    }

    /** Sends these again, in their order, in one statement. Completes with those that are in the outbox. */
    static Future<Set<UUID>> resend(SqlClient tx, Set<UUID> ids) {
        return tx.preparedQuery(RESEND_IDS)
                .execute(Tuple.tuple().addValue(ids.toArray(UUID[]::new)))
                .map(rows -> {
                    Set<UUID> resent = HashSet.newHashSet(rows.size());
                    rows.forEach(row -> resent.add(row.getUUID(0)));
                    return resent;
                });
    }

    /** Writes down what is to be sent again. Rows that come later are not meant. */
    static Future<UUID> create(SqlClient tx, Filter filter, @Nullable String reason, Operator who) {
        return tx.preparedQuery(CREATE)
                .execute(filter.tuple().addValue(reason).addValue(who.name()))
                .map(rows -> rows.iterator().next().getUUID(0));
    }

    /**
     * Has all messages of the topic sent again that were written at that time or later, in the background, unless that has been done since
     * the request was made. What is older than the dedup window is left out: a reader that had handled it would handle it again.
     *
     * @param requestId the request's, made when the reader noticed its loss
     * @param reader who asks
     * @return completes with the job's id, or with nothing if there is no need for one
     */
    static Future<Optional<UUID>> createForLostRange(
            SqlClient tx, String topic, Instant since, UUID requestId, String reader, Duration dedupWindow) {
        return tx.preparedQuery(CREATE_FOR_LOST_RANGE)
                .execute(Tuple.of(topic, time(since), requestId, reader, dedupWindow.toMillis() / 1000.0))
                .map(rows -> rows.size() == 0
                        ? Optional.empty()
                        : Optional.of(rows.iterator().next().getUUID(0)));
    }

    /** Sends the next page, and remembers that, in one statement: a crash repeats none and leaves none out. */
    static Future<Step> step(SqlClient client, Shown job, boolean byIds, int page) {
        String statement = byIds ? STEP_IDS : job.key() != null ? STEP_KEY : STEP_ALL;
        return client.preparedQuery(statement).execute(Tuple.of(job.id(), page)).map(rows -> {
            if (rows.size() == 0) {
                return Step.NOT_OURS;
            }
            return rows.iterator().next().getBoolean(0) ? Step.LAST : Step.MORE;
        });
    }

    /** Completes with how many rows match, counting no further than 100,001. */
    static Future<Long> count(SqlClient client, Filter filter) {
        return client.preparedQuery(COUNT)
                .execute(filter.tuple())
                .map(rows -> rows.iterator().next().getLong(0));
    }

    /** Completes with whether a row that matches is older than that. */
    static Future<Boolean> anyOlder(SqlClient client, Filter filter, Duration age) {
        return client.preparedQuery(OLDER)
                .execute(filter.tuple().addValue(age.toMillis() / 1000.0))
                .map(rows -> rows.iterator().next().getBoolean(0));
    }

    /** A resend, and whether it is by ids. */
    record Job(Shown shown, boolean byIds) {}

    static Future<Optional<Job>> find(SqlClient client, UUID id) {
        return client.preparedQuery(FIND)
                .execute(Tuple.of(id))
                .map(rows -> rows.size() == 0
                        ? Optional.empty()
                        : Optional.of(job(rows.iterator().next())));
    }

    static Future<List<UUID>> unfinished(SqlClient client) {
        return client.query(UNFINISHED).execute().map(rows -> {
            List<UUID> all = new ArrayList<>(rows.size());
            rows.forEach(row -> all.add(row.getUUID(0)));
            return all;
        });
    }

    private static Job job(Row row) {
        OffsetDateTime finished = row.getOffsetDateTime("finished_at");
        Shown shown = new Shown(
                row.getUUID("id"),
                finished == null ? "running" : "done",
                row.getLong("resent"),
                row.getString("key"),
                row.getString("type"),
                row.getString("topic"),
                row.getString("reason"),
                row.getString("requested_by"),
                row.getOffsetDateTime("created_at").toInstant(),
                finished == null ? null : finished.toInstant());
        return new Job(shown, row.getArrayOfUUIDs("ids") != null);
    }

    private static @Nullable OffsetDateTime time(@Nullable Instant instant) {
        return instant == null ? null : instant.atOffset(ZoneOffset.UTC);
    }
}
