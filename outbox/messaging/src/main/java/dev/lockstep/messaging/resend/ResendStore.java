package dev.lockstep.messaging.resend;

import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;
import static java.util.stream.Collectors.toSet;

import dev.lockstep.messaging.listing.Listing;
import dev.lockstep.messaging.operator.Operator;
import dev.lockstep.messaging.sql.Rows;
import dev.lockstep.messaging.sql.SqlValues;
import dev.lockstep.messaging.sql.WhereClause;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlResult;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Sends rows of the outbox again. Each becomes a new row that carries the id of the original, so that readers recognise a repeat. Every
 * method runs on the caller's connection.
 */
public final class ResendStore {
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
            INSERT INTO outbox_resend (ids, key, type, topic, position, until, reason, requested_by, rate_per_second)
            SELECT $1, $2, $3, $4, coalesce(uuidv7_floor($5), '00000000-0000-0000-0000-000000000000'),
                   least(uuidv7_floor($6), uuidv7()), $7, $8, $9
             WHERE (SELECT count(*) FROM outbox_resend WHERE finished_at IS NULL AND NOT for_lost_range) < $10
            RETURNING id
            """;

    private static final String LOCK_JOB_CREATION = "SELECT pg_advisory_xact_lock(hashtext('lockstep.resends'))";

    // A job that was created after the reader noticed its loss, and that starts no later in the log, has sent the
    // requested rows or will send them. A running job is moved back to the earlier start, so there is never more than
    // one per topic.
    private static final String CREATE_FOR_LOST_RANGE = """
            INSERT INTO outbox_resend AS r (topic, position, since, until, for_lost_range, reason, requested_by, rate_per_second)
            SELECT $1, w.since, w.since, uuidv7(), true, 'records were removed before ' || $4 || ' had read them', $4, 5000
              FROM (SELECT greatest(uuidv7_floor($2), uuidv7_floor(now() - make_interval(secs => $5))) AS since) w
             WHERE NOT EXISTS (SELECT FROM outbox_resend done
                                WHERE done.for_lost_range AND done.topic = $1 AND done.since <= w.since AND done.until > $3)
                ON CONFLICT (topic) WHERE for_lost_range AND finished_at IS NULL DO UPDATE
               SET position = least(r.position, EXCLUDED.position),
                   since = least(r.since, EXCLUDED.since),
                   until = EXCLUDED.until
            RETURNING id
            """;

    // Jobs by id and by key use an index. For all other jobs a page is limited by the rows that are read, not by the
    // rows that match. A job that another instance has locked is skipped, and so is every job of an operator except the
    // oldest: ten at once would send ten times as many rows a second. A job for a lost range does not wait for jobs of
    // operators. Nothing is added while very many rows are pending.
    private static final String STEP = """
            WITH job AS MATERIALIZED (
                SELECT j.*,
                       (SELECT count(*)
                          FROM (SELECT xid
                                  FROM outbox o, outbox_watermark w
                                 WHERE o.xid >= (SELECT pg_snapshot_xmin(snapshot)::text::xid8 FROM outbox_watermark)
                                   AND NOT pg_visible_in_snapshot(o.xid, w.snapshot)
                                 ORDER BY xid
                                 LIMIT $4) pending) >= $4 AS crowded
                  FROM outbox_resend j
                 WHERE j.id = $1 AND j.finished_at IS NULL AND j.next_at <= now()
                   AND (j.for_lost_range OR j.id = (SELECT id FROM outbox_resend
                                                     WHERE finished_at IS NULL AND NOT for_lost_range ORDER BY id LIMIT 1))
                   FOR UPDATE OF j SKIP LOCKED
            ), page AS MATERIALIZED (
                SELECT o.*,
                       o.resend_of IS NULL
                       AND (j.key IS NULL OR o.aggregateid = j.key)
                       AND (j.type IS NULL OR o.type = j.type)
                       AND (j.topic IS NULL OR o.topic = j.topic) AS matches
                  FROM job j
                 CROSS JOIN LATERAL (SELECT * FROM outbox o
                                      WHERE o.id > j.position AND o.id < j.until AND NOT j.crowded %s
                                      ORDER BY o.id
                                      LIMIT $2) o
            ), wanted AS MATERIALIZED (
                SELECT * FROM page WHERE matches ORDER BY id LIMIT $3
            ), resent AS (
            """ + COPY.indent(4) + """
                  FROM wanted
                 ORDER BY id
                RETURNING id
            ), outcome AS (
                SELECT (SELECT count(*) FROM wanted) AS sent,
                       (SELECT count(*) FROM wanted) = $3 AS full,
                       (SELECT count(*) FROM page) < $2 AND (SELECT count(*) FROM wanted) < $3 AS at_end
            )
            UPDATE outbox_resend r
               SET position = coalesce((SELECT p.id FROM page p WHERE NOT o.full OR p.id IN (SELECT id FROM wanted)
                                         ORDER BY p.id DESC LIMIT 1), r.position),
                   resent = r.resent + o.sent,
                   held_back = job.crowded,
                   next_at = CASE WHEN job.crowded THEN now() + interval '1 s'
                                  ELSE greatest(r.next_at, now() - interval '0.5 s')
                                       + make_interval(secs => o.sent / r.rate_per_second::float8) END,
                   finished_at = CASE WHEN o.at_end AND NOT job.crowded THEN now() END
              FROM job CROSS JOIN outcome o
             WHERE r.id = job.id
            RETURNING r.finished_at IS NOT NULL AS finished,
                      greatest(extract(epoch FROM r.next_at - now()), 0)::float8 AS pause
            """;

    private static final String STEP_ALL = STEP.formatted("");
    private static final String STEP_KEY = STEP.formatted("AND o.aggregateid = j.key");
    private static final String STEP_IDS = STEP.formatted("AND o.id = ANY (j.ids)");

    private static final String COLUMNS = """
            SELECT r.id, r.ids, r.key, r.type, r.topic, r.resent, r.reason, r.requested_by, r.created_at, r.finished_at, r.rate_per_second,
                   r.held_back, r.stop_reason, uuid_extract_timestamp(r.position) AS reached,
                   CASE WHEN r.stop_reason IS NOT NULL THEN 'stopped'
                        WHEN r.finished_at IS NOT NULL THEN 'done'
                        WHEN r.for_lost_range
                             OR r.id = (SELECT id FROM outbox_resend
                                         WHERE finished_at IS NULL AND NOT for_lost_range ORDER BY id LIMIT 1) THEN 'running'
                        ELSE 'waiting' END AS state
              FROM outbox_resend r
            """;

    private static final String FIND = COLUMNS + " WHERE r.id = $1";

    private static final String LIST = COLUMNS + " WHERE r.id < $1 ORDER BY r.id DESC LIMIT $2";

    private static final String STOP = """
            UPDATE outbox_resend SET stop_reason = $2, finished_at = now() WHERE id = $1 AND finished_at IS NULL
            """;

    private static final String UNFINISHED =
            "SELECT id FROM outbox_resend WHERE finished_at IS NULL ORDER BY id LIMIT 100";

    private ResendStore() {}

    /** Selects outbox rows; a null member matches all. */
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
                    .addValue(SqlValues.timestampOrNull(from))
                    .addValue(SqlValues.timestampOrNull(to));
        }

        /** The conditions on {@code outbox}. */
        private WhereClause where() {
            return new WhereClause()
                    .and("resend_of IS NULL")
                    .and("id = ANY (?)", idArray())
                    .and("aggregateid = ?", key)
                    .and("type = ?", type)
                    .and("topic = ?", topic)
                    .and("id >= uuidv7_floor(?)", SqlValues.timestampOrNull(from))
                    .and("id < uuidv7_floor(?)", SqlValues.timestampOrNull(to));
        }
    }

    /**
     * The JSON form of a resend.
     *
     * @param state {@code running}, {@code waiting} for an older one to end, {@code done} or {@code stopped}
     * @param resent how many messages have been sent again so far
     * @param reached when the last row that was read was written
     * @param heldBack whether it waits because very many rows of the outbox are pending
     */
    record ResendView(
            UUID id,
            String state,
            @Nullable String stopReason,
            long resent,
            @Nullable Instant reached,
            boolean heldBack,
            @Nullable String key,
            @Nullable String type,
            @Nullable String topic,
            int ratePerSecond,
            @Nullable String reason,
            String requestedBy,
            Instant createdAt,
            @Nullable Instant finishedAt) {}

    /** Sends the rows with these ids again, in id order, in one statement. Completes with the ids that are in the outbox. */
    static Future<Set<UUID>> resend(SqlClient tx, Set<UUID> ids) {
        return tx.preparedQuery(RESEND_IDS)
                .collecting(mapping(row -> row.getUUID("resend_of"), toSet()))
                .execute(Tuple.tuple().addValue(ids.toArray(UUID[]::new)))
                .map(SqlResult::value);
    }

    /**
     * Creates a job that sends the selected rows again. Rows that are appended later are not part of it.
     *
     * @param most how many jobs of operators may be unfinished at a time
     * @return completes with the job's id; empty if that many are unfinished already
     */
    static Future<Optional<UUID>> create(
            SqlClient tx, Filter filter, int ratePerSecond, @Nullable String reason, Operator who, int most) {
        return tx.query(LOCK_JOB_CREATION)
                .execute()
                .compose(locked -> tx.preparedQuery(CREATE)
                        .mapping(row -> row.getUUID("id"))
                        .execute(filter.tuple()
                                .addValue(reason)
                                .addValue(who.name())
                                .addValue(ratePerSecond)
                                .addValue((long) most)))
                .map(Rows::first);
    }

    /**
     * Creates a job that sends all messages of the topic written at that time or later again, in the background, unless a job created after
     * the request has done so. Messages older than the dedup window are left out, because a reader that handled them would handle them
     * again.
     *
     * @param requestId the id of the request, created when the reader noticed its loss
     * @param reader names the requesting reader
     * @return completes with the job's id; empty if no job is needed
     */
    public static Future<Optional<UUID>> createForLostRange(
            SqlClient tx, String topic, Instant since, UUID requestId, String reader, Duration dedupWindow) {
        return tx.preparedQuery(CREATE_FOR_LOST_RANGE)
                .mapping(row -> row.getUUID("id"))
                .execute(Tuple.of(topic, SqlValues.timestamp(since), requestId, reader, SqlValues.seconds(dedupWindow)))
                .map(Rows::first);
    }

    /**
     * Sends the rows that are due and records the progress in the same statement, so that a crash neither repeats nor skips rows.
     *
     * @param page how many rows are read at most
     * @param most how many rows are sent at most
     * @param crowd if this many rows or more are pending, nothing is sent
     * @return completes with the delay until the next step; empty if the job has ended, another instance runs it, or an older job is
     *     running
     */
    static Future<Optional<Duration>> step(SqlClient client, ResendJob job, int page, int most, int crowd) {
        String statement = job.byIds() ? STEP_IDS : job.view().key() != null ? STEP_KEY : STEP_ALL;
        return client.preparedQuery(statement)
                .mapping(ResendStore::pause)
                .execute(Tuple.of(job.view().id(), page, (long) most, (long) crowd))
                .map(steps -> Rows.first(steps).orElse(Optional.empty()));
    }

    private static Optional<Duration> pause(Row step) {
        return step.getBoolean("finished") ? Optional.empty() : Optional.of(SqlValues.duration(step, "pause"));
    }

    /** Completes with true if the job was unfinished and is now stopped. */
    static Future<Boolean> stop(SqlClient tx, UUID id, String reason) {
        return tx.preparedQuery(STOP).execute(Tuple.of(id, reason)).map(rows -> rows.rowCount() == 1);
    }

    /** Completes with the number of matching rows, counted up to 100,001. */
    static Future<Long> count(SqlClient client, Filter filter) {
        WhereClause where = filter.where();
        String sql = "SELECT count(*) FROM (SELECT FROM outbox" + where.sql() + " LIMIT "
                + where.parameter(Listing.MAX_COUNTED + 1) + ") matching";
        return client.preparedQuery(sql)
                .mapping(row -> row.getLong(0))
                .execute(where.values())
                .map(Rows::only);
    }

    /** Completes with whether a matching row is older than that. */
    static Future<Boolean> existsOlderThan(SqlClient client, Filter filter, Duration age) {
        WhereClause where =
                filter.where().and("id < uuidv7_floor(now() - make_interval(secs => ?))", SqlValues.seconds(age));
        return client.preparedQuery("SELECT EXISTS (SELECT FROM outbox" + where.sql() + ")")
                .mapping(row -> row.getBoolean(0))
                .execute(where.values())
                .map(Rows::only);
    }

    /** A resend, and whether it selects rows by id. */
    record ResendJob(ResendView view, boolean byIds) {}

    static Future<Optional<ResendJob>> find(SqlClient client, UUID id) {
        return client.preparedQuery(FIND)
                .mapping(ResendStore::toJob)
                .execute(Tuple.of(id))
                .map(Rows::first);
    }

    static Future<List<ResendView>> list(SqlClient client, UUID before, int limit) {
        return client.preparedQuery(LIST)
                .collecting(mapping(row -> toJob(row).view(), toList()))
                .execute(Tuple.of(before, limit))
                .map(SqlResult::value);
    }

    static Future<List<UUID>> unfinished(SqlClient client) {
        return client.query(UNFINISHED)
                .collecting(mapping(row -> row.getUUID("id"), toList()))
                .execute()
                .map(SqlResult::value);
    }

    private static ResendJob toJob(Row row) {
        ResendView shown = new ResendView(
                row.getUUID("id"),
                row.getString("state"),
                row.getString("stop_reason"),
                row.getLong("resent"),
                SqlValues.instantOrNull(row, "reached"),
                row.getBoolean("held_back"),
                row.getString("key"),
                row.getString("type"),
                row.getString("topic"),
                row.getInteger("rate_per_second"),
                row.getString("reason"),
                row.getString("requested_by"),
                SqlValues.instant(row, "created_at"),
                SqlValues.instantOrNull(row, "finished_at"));
        return new ResendJob(shown, row.getArrayOfUUIDs("ids") != null);
    }
}
