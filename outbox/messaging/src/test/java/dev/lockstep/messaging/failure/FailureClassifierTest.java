package dev.lockstep.messaging.failure;

import static dev.lockstep.messaging.failure.FailureClassifier.classify;
import static dev.lockstep.messaging.failure.FailureClassifier.isSessionBound;
import static dev.lockstep.messaging.failure.FailureClassifier.mayHaveCommitted;
import static dev.lockstep.messaging.failure.FailureKind.PERMANENT;
import static dev.lockstep.messaging.failure.FailureKind.TRANSIENT;
import static dev.lockstep.messaging.failure.FailureKind.UNAVAILABLE;
import static dev.lockstep.messaging.failure.FailureKind.UNKNOWN;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.databind.JsonMappingException;
import io.vertx.core.Future;
import io.vertx.core.VertxException;
import io.vertx.core.http.ConnectionPoolTooBusyException;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.ClosedConnectionException;
import io.vertx.sqlclient.TransactionRollbackException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.file.NoSuchFileException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class FailureClassifierTest {
    @ParameterizedTest
    @CsvSource(textBlock = """
            # SQLSTATE, kind, session bound, may have committed
            # connection
            08000, UNAVAILABLE, true, false
            08001, UNAVAILABLE, true, false
            08003, UNAVAILABLE, true, false
            08004, UNAVAILABLE, true, false
            08006, UNAVAILABLE, true, false
            08007, UNAVAILABLE, true, true
            # data
            22003, UNKNOWN, false, false
            22021, UNKNOWN, false, false
            22P05, UNKNOWN, false, false
            # constraints
            23503, UNKNOWN, false, false
            23505, UNKNOWN, false, false
            23514, UNKNOWN, false, false
            # transaction state
            25001, UNKNOWN, false, false
            25006, UNAVAILABLE, true, false
            25P02, UNKNOWN, false, false
            25P03, TRANSIENT, true, true
            25P04, TRANSIENT, true, true
            26000, TRANSIENT, true, false
            # login
            28000, UNAVAILABLE, true, false
            28P01, UNAVAILABLE, true, false
            2BP01, UNKNOWN, false, false
            3D000, UNAVAILABLE, true, false
            # rollback
            40000, TRANSIENT, false, false
            40001, TRANSIENT, false, false
            40002, UNKNOWN, false, false
            40003, TRANSIENT, false, true
            40P01, TRANSIENT, false, false
            # statements
            42501, TRANSIENT, false, false
            42703, UNKNOWN, false, false
            42804, UNKNOWN, false, false
            42P01, UNKNOWN, false, false
            42P05, TRANSIENT, true, false
            # resources
            53000, UNAVAILABLE, false, false
            53100, UNAVAILABLE, false, false
            53200, TRANSIENT, false, false
            53300, UNAVAILABLE, true, false
            53400, TRANSIENT, false, false
            54000, UNKNOWN, false, false
            # objects
            55000, UNKNOWN, false, false
            55006, TRANSIENT, false, false
            55P03, TRANSIENT, false, false
            # operators
            57000, UNAVAILABLE, false, false
            57014, TRANSIENT, false, false
            57P01, UNAVAILABLE, true, true
            57P02, UNAVAILABLE, true, true
            57P03, UNAVAILABLE, true, false
            57P04, UNAVAILABLE, true, true
            57P05, UNAVAILABLE, true, true
            # system
            58000, UNAVAILABLE, false, false
            58030, UNAVAILABLE, false, false
            58P01, UNAVAILABLE, false, false
            # others
            72000, TRANSIENT, false, false
            F0000, UNAVAILABLE, false, false
            HV000, UNKNOWN, false, false
            HV00N, UNAVAILABLE, false, false
            P0001, UNKNOWN, false, false
            XX000, UNKNOWN, false, false
            '', UNKNOWN, false, false
            ?, UNKNOWN, false, false
            """)
    void every_sqlstate_has_a_kind(String sqlState, FailureKind kind, boolean sessionBound, boolean mayHaveCommitted) {
        PgException reported = sql(sqlState);

        assertThat(classify(reported)).isEqualTo(kind);
        assertThat(isSessionBound(reported)).isEqualTo(sessionBound);
        assertThat(mayHaveCommitted(reported)).isEqualTo(mayHaveCommitted);
        assertThat(classify(new IllegalStateException(reported))).isEqualTo(kind);
        assertThat(classify(new SQLException("it failed", sqlState))).isEqualTo(kind);
    }

    @Test
    void a_cached_plan_of_an_altered_table_is_transient_and_a_missing_feature_is_not() {
        PgException plan = sql("ERROR", "0A000", "RevalidateCachedQuery");
        PgException feature = sql("ERROR", "0A000", "transformLockingClause");

        assertThat(classify(plan)).isEqualTo(TRANSIENT);
        assertThat(isSessionBound(plan)).isTrue();
        assertThat(classify(feature)).isEqualTo(UNKNOWN);
    }

    @Test
    void a_protocol_violation_is_attributed_to_the_message_unless_it_ends_the_session() {
        assertThat(classify(sql("ERROR", "08P01", ""))).isEqualTo(UNKNOWN);
        assertThat(classify(sql("FATAL", "08P01", ""))).isEqualTo(UNAVAILABLE);
    }

    @Test
    void a_lost_connection_is_bound_to_its_session() {
        assertThat(isSessionBound(ClosedConnectionException.INSTANCE)).isTrue();
        assertThat(isSessionBound(new VertxException("Connection is not active now, current status: CLOSED", true)))
                .isTrue();
        assertThat(isSessionBound(sql("FATAL", "XX000", ""))).isTrue();
        assertThat(isSessionBound(new IllegalStateException())).isFalse();
    }

    @Test
    void a_transaction_without_a_connection_was_not_committed() {
        assertThat(mayHaveCommitted(new ConnectException("refused"))).isFalse();
        assertThat(mayHaveCommitted(failure(Future.failedFuture("Timeout")))).isFalse();
        assertThat(mayHaveCommitted(new ConnectionPoolTooBusyException("full"))).isFalse();
    }

    @Test
    void a_connection_lost_on_the_way_may_have_committed() {
        assertThat(mayHaveCommitted(ClosedConnectionException.INSTANCE)).isTrue();
        assertThat(mayHaveCommitted(new IOException("Connection reset"))).isTrue();
        assertThat(mayHaveCommitted(new TimeoutException())).isTrue();
    }

    @Test
    void a_transaction_that_exceeded_its_limit_is_blamed_on_the_message_unless_its_commit_was_sent() {
        TransactionTimeoutException hanging = new TransactionTimeoutException(Duration.ofSeconds(20), false);
        TransactionTimeoutException committing = new TransactionTimeoutException(Duration.ofSeconds(20), true);

        assertThat(classify(hanging)).isEqualTo(UNKNOWN);
        assertThat(mayHaveCommitted(hanging)).isFalse();
        assertThat(hanging).hasMessageContaining("it is rolled back");
        assertThat(classify(committing)).isEqualTo(UNAVAILABLE);
        assertThat(mayHaveCommitted(committing)).isTrue();
        assertThat(committing).hasMessageContaining("it is unknown whether it was committed");
    }

    @Test
    void single_conditions_are_recognised_by_their_sqlstate() {
        assertThat(List.of("22021", "55P03", "57014", "25006", "28P01", "0A000", "26000", "42P05", "23505"))
                .extracting(state -> conditions(sql(state)))
                .containsExactly(
                        "unstorable text",
                        "lock timeout",
                        "cancelled statement",
                        "read-only",
                        "rejected login",
                        "stale statement",
                        "stale statement",
                        "stale statement",
                        "");
        assertThat(conditions(new IllegalStateException())).isEmpty();
    }

    private static String conditions(Throwable failure) {
        Map<String, Boolean> conditions = new LinkedHashMap<>();
        conditions.put("unstorable text", FailureClassifier.isUnstorableText(failure));
        conditions.put("lock timeout", FailureClassifier.isLockTimeout(failure));
        conditions.put("cancelled statement", FailureClassifier.isCancelledStatement(failure));
        conditions.put("read-only", FailureClassifier.isReadOnly(failure));
        conditions.put("rejected login", FailureClassifier.isRejectedLogin(failure));
        conditions.put("stale statement", FailureClassifier.isStaleStatement(failure));
        conditions.values().removeIf(holds -> !holds);
        return String.join(", ", conditions.keySet());
    }

    @ParameterizedTest
    @ValueSource(strings = {"40001", "40P01", "0A000", "25006", "26000", "42P05", "25P03", "57P01"})
    void a_conflict_or_an_unusable_session_is_retried_at_once(String sqlState) {
        assertThat(FailureClassifier.isRetryableAtOnce(sql(sqlState))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"55P03", "57014", "57P03", "53100", "23505", ""})
    void a_lock_or_an_outage_is_not_retried_at_once(String sqlState) {
        assertThat(FailureClassifier.isRetryableAtOnce(sql(sqlState))).isFalse();
    }

    @Test
    void a_lost_connection_is_found_in_the_cause_chain() {
        assertThat(classify(new IllegalStateException(new ConnectException("refused"))))
                .isEqualTo(UNAVAILABLE);
        assertThat(classify(ClosedConnectionException.INSTANCE)).isEqualTo(UNAVAILABLE);
        assertThat(classify(new TimeoutException())).isEqualTo(UNAVAILABLE);
        assertThat(classify(new ConnectionPoolTooBusyException("max wait queue size reached")))
                .isEqualTo(UNAVAILABLE);
    }

    @Test
    void a_parse_failure_is_not_a_connection_failure() {
        assertThat(classify(new IllegalStateException(new JsonParseException(null, "not JSON"))))
                .isEqualTo(UNKNOWN);
        assertThat(classify(new JsonMappingException(null, "no serializer"))).isEqualTo(UNKNOWN);
    }

    @Test
    void a_failed_future_with_a_message_is_a_handler_failure() {
        assertThat(classify(failure(Future.failedFuture("no greeting for bob"))))
                .isEqualTo(UNKNOWN);
        assertThat(classify(new VertxException("Parameter at position[0] is wrong")))
                .isEqualTo(UNKNOWN);
        assertThat(classify(TransactionRollbackException.INSTANCE)).isEqualTo(UNKNOWN);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Timeout waiting for connection",
                "Connection is not active now, current status: CLOSED",
                "Pending requests failed to be sent due to connection has been closed."
            })
    void a_pool_without_a_connection_is_unavailable(String message) {
        assertThat(classify(new VertxException(message, true))).isEqualTo(UNAVAILABLE);
    }

    @Test
    void a_pool_that_gives_no_connection_in_time_is_unavailable() {
        assertThat(classify(failure(Future.failedFuture("Timeout")))).isEqualTo(UNAVAILABLE);
    }

    @Test
    void an_unavailable_broker_is_unavailable_and_a_missing_file_is_not() {
        assertThat(classify(new NotLeaderOrFollowerException("moved"))).isEqualTo(UNAVAILABLE);
        assertThat(classify(new NoSuchFileException("greetings.txt"))).isEqualTo(UNKNOWN);
        assertThat(classify(new FileNotFoundException("greetings.txt"))).isEqualTo(UNKNOWN);
    }

    @Test
    void an_unprocessable_message_exception_is_found_in_the_cause_chain() {
        UnprocessableMessageException never = new UnprocessableMessageException("R", "no");

        assertThat(classify(new IllegalStateException(never))).isEqualTo(PERMANENT);
        assertThat(FailureClassifier.findPermanent(new IllegalStateException(never)))
                .containsSame(never);
        assertThat(FailureClassifier.findPermanent(new IllegalStateException())).isEmpty();
    }

    @Test
    void only_an_unprocessable_message_exception_is_permanent() {
        assertThat(classify(new UnprocessableMessageException("R", "no"))).isEqualTo(PERMANENT);
        assertThat(classify(new NullPointerException())).isEqualTo(UNKNOWN);
        assertThat(classify(new ArithmeticException())).isEqualTo(UNKNOWN);
    }

    private static Throwable failure(Future<?> failed) {
        return failed.cause();
    }

    private static PgException sql(String state) {
        return new PgException("it failed", "ERROR", state, "");
    }

    private static PgException sql(String severity, String state, String routine) {
        return new PgException(
                "it failed", severity, state, "", "", "", "", "", "", "", "", routine, "", "", "", "", "");
    }
}
