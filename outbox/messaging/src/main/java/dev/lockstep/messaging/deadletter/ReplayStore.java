package dev.lockstep.messaging.deadletter;

import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;

import dev.lockstep.messaging.deadletter.DeadLetterQueries.Filter;
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
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Replays dead letters: one, or step by step all that match. Every method runs on the caller's connection. */
public final class ReplayStore {
    private static final String CREATE = """
            INSERT INTO dead_letter_replay (topic, type, reason, key, error_class, fingerprint, rate_per_second, max_failures,
                                            forced, why, destination, requested_by)
            SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12
             WHERE (SELECT count(*) FROM dead_letter_replay WHERE state = 'running') < $13
            RETURNING id
            """;

    private static final String LOCK_JOB_CREATION = "SELECT pg_advisory_xact_lock(hashtext('lockstep.replays'))";

    private static final Map<ReplayDestination, Statements> STATEMENTS = new EnumMap<>(ReplayDestination.class);

    static {
        for (ReplayDestination to : ReplayDestination.values()) {
            STATEMENTS.put(to, Statements.of(to));
        }
    }

    private static final String STOP = """
            UPDATE dead_letter_replay SET state = 'stopped', stop_reason = $2, finished_at = now()
             WHERE id = $1 AND state = 'running'
            """;

    private static final String COLUMNS = """
            SELECT r.id, r.state, r.stop_reason, r.topic, r.type, r.reason, r.key, r.error_class, r.fingerprint, r.rate_per_second,
                   r.max_failures, r.forced, r.why, r.destination, r.requested_by, r.until, r.replayed, r.created_at, r.finished_at,
                   (SELECT count(*) FROM dead_letter d WHERE d.returned_from = r.id) AS returned
              FROM dead_letter_replay r
            """;

    private static final String FIND = COLUMNS + " WHERE r.id = $1";

    private static final String UNFINISHED =
            "SELECT id FROM dead_letter_replay WHERE state = 'running' ORDER BY id LIMIT 100";

    private static final String COUNT_RUNNING = "SELECT count(*) FROM dead_letter_replay WHERE state = 'running'";

    private ReplayStore() {}

    /**
     * SQL: whether the dead letter {@code d} is older than the dedup window.
     *
     * @param dedupWindow the statement parameter with the dedup window in seconds
     */
    // The id begins with the time at which the message was created. A record without one has the time of its failure.
    static String isTooOld(String dedupWindow) {
        return "coalesce(d.message_id, uuidv7_floor(d.first_at)) < uuidv7_floor(now() - make_interval(secs => %s))"
                .formatted(dedupWindow);
    }

    /** The statements that differ by destination, and by the index that finds the dead letters. */
    private record Statements(String one, String conditions, String all, String ofKey, String ofFingerprint) {
        static Statements of(ReplayDestination to) {
            return new Statements(
                    one(to),
                    conditions(to),
                    step(to, ""),
                    step(to, "AND d.key_text = j.key"),
                    step(to, "AND d.fingerprint = j.fingerprint"));
        }

        private static String one(ReplayDestination to) {
            return """
                    WITH taken AS (
                        UPDATE dead_letter d SET state = 'replayed', settled_at = now()
                         WHERE d.id = $1 AND d.state = 'open' AND %s AND ($2 OR NOT %s)
                        RETURNING *
                    %s
                    )
                    SELECT count(*) FROM taken
                    """.formatted(to.isDeliverable(), isTooOld("$3"), to.deliver("$3"));
        }

        private static String conditions(ReplayDestination to) {
            return """
                    SELECT %s AS is_read, %s AS key_is_text, %s AS fits FROM dead_letter d WHERE id = $1
                    """.formatted(to.hasActiveGroup(), to.keyIsText(), to.fits());
        }

        // A page is limited by the dead letters that are read, not by those that match, so that a step is bounded; a
        // page that sent nothing is followed by the next one at once. A dead letter whose transaction was open at the
        // cut-off may appear before the position that was reached, so the job is done only when a whole pass from the
        // start has found nothing more. Messages of this job that failed again are not taken again, even if the clock
        // that generated their ids is slow.
        private static String step(ReplayDestination to, String condition) {
            return """
                    WITH job AS MATERIALIZED (
                        SELECT *, (SELECT count(*) FROM (SELECT FROM dead_letter d WHERE d.returned_from = j.id LIMIT j.max_failures) r)
                                  >= j.max_failures AS failing
                          FROM dead_letter_replay j
                         WHERE id = $1 AND state = 'running' AND next_at <= now()
                           FOR UPDATE SKIP LOCKED
                    ), page AS MATERIALIZED (
                        SELECT d.topic, d.partition, d.origin, d.id,
                               d.id < j.until AND d.returned_from IS DISTINCT FROM j.id
                               AND %s AND (j.forced OR NOT %s)
                               AND (j.topic IS NULL OR d.topic = j.topic)
                               AND (j.type IS NULL OR d.type = j.type)
                               AND (j.reason IS NULL OR d.reason = j.reason)
                               AND (j.key IS NULL OR d.key_text = j.key)
                               AND (j.error_class IS NULL OR d.error_class = j.error_class)
                               AND (j.fingerprint IS NULL OR d.fingerprint = j.fingerprint) AS matches
                          FROM job j
                         CROSS JOIN LATERAL (SELECT * FROM dead_letter d
                                              WHERE d.state = 'open' AND NOT j.failing
                                                AND (d.topic, d.partition, d.origin, d.id)
                                                    > (j.at_topic, j.at_partition, j.at_origin, j.at_id) %s
                                              ORDER BY d.topic, d.partition, d.origin, d.id
                                              LIMIT $2) d
                    ), wanted AS MATERIALIZED (
                        SELECT id FROM page WHERE matches ORDER BY topic, partition, origin, id LIMIT $3
                    ), taken AS (
                        UPDATE dead_letter d SET state = 'replayed', settled_at = now(), replay = $1
                         WHERE d.id IN (SELECT id FROM wanted) AND d.state = 'open'
                        RETURNING *
                    %s
                    ), outcome AS (
                        SELECT (SELECT count(*) FROM taken) AS sent,
                               (SELECT count(*) FROM wanted) = $3 AS full,
                               (SELECT count(*) FROM page) < $2 AND (SELECT count(*) FROM wanted) < $3 AS at_end
                    ), reached AS (
                        SELECT p.topic, p.partition, p.origin, p.id
                          FROM page p, outcome o
                         WHERE NOT o.at_end AND (NOT o.full OR p.id IN (SELECT id FROM wanted))
                         ORDER BY p.topic DESC, p.partition DESC, p.origin DESC, p.id DESC
                         LIMIT 1
                    )
                    UPDATE dead_letter_replay r
                       SET state = CASE WHEN j.failing THEN 'stopped'
                                        WHEN o.at_end AND o.sent = 0 AND NOT r.found THEN 'done'
                                        ELSE 'running' END,
                           stop_reason = CASE WHEN j.failing
                                              THEN 'too many replayed messages became dead letters again: ' || r.max_failures END,
                           finished_at = CASE WHEN j.failing OR (o.at_end AND o.sent = 0 AND NOT r.found) THEN now() END,
                           found = NOT o.at_end AND (r.found OR o.sent > 0),
                           replayed = r.replayed + o.sent,
                           at_topic = CASE WHEN o.at_end THEN '' ELSE coalesce(p.topic, r.at_topic) END,
                           at_partition = CASE WHEN o.at_end THEN 0 ELSE coalesce(p.partition, r.at_partition) END,
                           at_origin = CASE WHEN o.at_end THEN 0 ELSE coalesce(p.origin, r.at_origin) END,
                           at_id = CASE WHEN o.at_end THEN '00000000-0000-0000-0000-000000000000' ELSE coalesce(p.id, r.at_id) END,
                           next_at = greatest(r.next_at, now() - interval '0.5 s') + make_interval(secs => o.sent / r.rate_per_second::float8)
                      FROM job j CROSS JOIN outcome o LEFT JOIN reached p ON true
                     WHERE r.id = j.id
                    RETURNING r.state = 'running' AS running, o.sent,
                              greatest(extract(epoch FROM r.next_at - now()), 0)::float8 AS pause
                    """.formatted(to.isDeliverable(), isTooOld("$4"), condition, to.deliver("$4"));
        }

        String step(ReplayView job) {
            return job.key() != null ? ofKey : job.fingerprint() != null ? ofFingerprint : all;
        }
    }

    /**
     * The options of a replay.
     *
     * @param ratePerSecond the maximum number of dead letters a second
     * @param maxFailures how many of the replayed messages may become dead letters again before the job stops
     * @param forced whether dead letters older than the dedup window are replayed too
     */
    record ReplayOptions(
            ReplayDestination to,
            int ratePerSecond,
            int maxFailures,
            boolean forced,
            @Nullable String why) {}

    /** The conditions that one dead letter must meet to be delivered. All are true if only its state or its age prevents the delivery. */
    record Deliverable(boolean hasActiveGroup, boolean keyIsText, boolean fits) {}

    /**
     * The JSON form of a replay.
     *
     * @param state {@code running}, {@code done} or {@code stopped}
     * @param replayed how many dead letters have been replayed so far
     * @param returned how many of them have become dead letters again
     */
    public record ReplayView(
            UUID id,
            String state,
            @Nullable String stopReason,
            long replayed,
            long returned,
            @Nullable String topic,
            @Nullable String type,
            @Nullable String reason,
            @Nullable String key,
            @Nullable String errorClass,
            @Nullable String fingerprint,
            int ratePerSecond,
            int maxFailures,
            boolean force,
            @Nullable String why,
            ReplayDestination to,
            String requestedBy,
            Instant createdAt,
            @Nullable Instant finishedAt) {
        Filter filter() {
            return new Filter(topic, type, reason, key, errorClass, fingerprint);
        }
    }

    /**
     * The result of a step.
     *
     * @param sent how many dead letters it replayed
     * @param next the delay until the next step; empty if the job has ended or another instance runs it
     */
    public record Step(long sent, Optional<Duration> next) {}

    /** Completes with true if the dead letter was replayed. */
    static Future<Boolean> one(
            SqlClient tx, UUID deadLetter, ReplayDestination to, boolean forced, Duration dedupWindow) {
        return tx.preparedQuery(statements(to).one())
                .mapping(row -> row.getLong(0) == 1)
                .execute(Tuple.of(deadLetter, forced, SqlValues.seconds(dedupWindow)))
                .map(Rows::only);
    }

    /** Completes with the conditions that an existing dead letter meets. */
    static Future<Deliverable> deliverable(SqlClient client, UUID deadLetter, ReplayDestination to) {
        return client.preparedQuery(statements(to).conditions())
                .mapping(row -> new Deliverable(row.getBoolean(0), row.getBoolean(1), row.getBoolean(2)))
                .execute(Tuple.of(deadLetter))
                .map(Rows::only);
    }

    private static Statements statements(ReplayDestination to) {
        return Objects.requireNonNull(STATEMENTS.get(to));
    }

    /**
     * Creates a job that replays the selected dead letters. Dead letters that are added later are not part of it.
     *
     * @param most how many jobs may run at a time
     * @return completes with the job's id; empty if that many are running already
     */
    static Future<Optional<UUID>> create(SqlClient tx, Filter filter, ReplayOptions options, Operator who, int most) {
        return tx.query(LOCK_JOB_CREATION)
                .execute()
                .compose(locked -> tx.preparedQuery(CREATE)
                        .mapping(row -> row.getUUID("id"))
                        .execute(filter.tuple()
                                .addValue(options.ratePerSecond())
                                .addValue(options.maxFailures())
                                .addValue(options.forced())
                                .addValue(options.why())
                                .addValue(options.to().value())
                                .addValue(who.name())
                                .addValue((long) most)))
                .map(Rows::first);
    }

    /**
     * Replays the dead letters that are due and records the progress in the same statement, so that a crash neither repeats nor skips any.
     */
    public static Future<Step> step(SqlClient client, ReplayView job, int page, int most, Duration dedupWindow) {
        return client.preparedQuery(statements(job.to()).step(job))
                .mapping(row -> new Step(
                        row.getLong("sent"),
                        row.getBoolean("running") ? Optional.of(SqlValues.duration(row, "pause")) : Optional.empty()))
                .execute(Tuple.of(job.id(), page, (long) most, SqlValues.seconds(dedupWindow)))
                .map(steps -> Rows.first(steps).orElse(new Step(0, Optional.empty())));
    }

    /** Completes with true if the job was running and is now stopped. */
    static Future<Boolean> stop(SqlClient tx, UUID id, String reason) {
        return tx.preparedQuery(STOP).execute(Tuple.of(id, reason)).map(rows -> rows.rowCount() == 1);
    }

    public static Future<Optional<ReplayView>> find(SqlClient client, UUID id) {
        return client.preparedQuery(FIND)
                .mapping(ReplayStore::toView)
                .execute(Tuple.of(id))
                .map(Rows::first);
    }

    static Future<List<ReplayView>> list(SqlClient client, @Nullable String state, UUID before, int limit) {
        WhereClause where = new WhereClause().and("r.state = ?", state).and("r.id < ?", before);
        return client.preparedQuery(COLUMNS + where.sql() + " ORDER BY r.id DESC LIMIT " + where.parameter(limit))
                .collecting(mapping(ReplayStore::toView, toList()))
                .execute(where.values())
                .map(SqlResult::value);
    }

    static Future<List<UUID>> unfinished(SqlClient client) {
        return client.query(UNFINISHED)
                .collecting(mapping(row -> row.getUUID("id"), toList()))
                .execute()
                .map(SqlResult::value);
    }

    public static Future<Long> countRunning(SqlClient client) {
        return client.query(COUNT_RUNNING)
                .mapping(row -> row.getLong(0))
                .execute()
                .map(Rows::only);
    }

    private static ReplayView toView(Row row) {
        return new ReplayView(
                row.getUUID("id"),
                row.getString("state"),
                row.getString("stop_reason"),
                row.getLong("replayed"),
                row.getLong("returned"),
                row.getString("topic"),
                row.getString("type"),
                row.getString("reason"),
                row.getString("key"),
                row.getString("error_class"),
                row.getString("fingerprint"),
                row.getInteger("rate_per_second"),
                row.getInteger("max_failures"),
                row.getBoolean("forced"),
                row.getString("why"),
                ReplayDestination.of(row.getString("destination")),
                row.getString("requested_by"),
                SqlValues.instant(row, "created_at"),
                SqlValues.instantOrNull(row, "finished_at"));
    }
}
