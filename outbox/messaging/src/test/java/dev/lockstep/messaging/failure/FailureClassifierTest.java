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
import java.util.concurrent.TimeoutException;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class FailureClassifierTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "08000", "08003", "08006", "08001", "08004", "08007", "28000", "28P01", "3D000", "53000", "53100",
                "53300", "57000", "57P01", "57P02", "57P03", "57P04", "57P05", "58000", "58030", "58P01", "25006",
                "F0000"
            })
    void an_unusable_database_is_unavailable(String sqlState) {
        assertThat(classify(sql(sqlState))).isEqualTo(UNAVAILABLE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "40000", "40001", "40003", "40P01", "55P03", "55006", "57014", "25P03", "25P04", "26000", "42P05",
                "53200", "53400", "42501", "72000"
            })
    void a_transaction_that_can_succeed_later_is_transient(String sqlState) {
        assertThat(classify(sql(sqlState))).isEqualTo(TRANSIENT);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "22003", "22021", "22P05", "23505", "23514", "25001", "25P02", "2BP01", "40002", "42703", "42P01",
                "42804", "54000", "55000", "P0001", "XX000", "", "?"
            })
    void a_statement_error_caused_by_the_message_is_unknown(String sqlState) {
        assertThat(classify(sql(sqlState))).isEqualTo(UNKNOWN);
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
    void a_protocol_violation_is_blamed_on_the_message_unless_it_ends_the_session() {
        assertThat(classify(sql("ERROR", "08P01", ""))).isEqualTo(UNKNOWN);
        assertThat(classify(sql("FATAL", "08P01", ""))).isEqualTo(UNAVAILABLE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"25006", "0A000", "26000", "42P05", "57P01", "57P02", "57P03", "57P05", "25P03", "08006", "28P01"
            })
    void a_connection_that_keeps_failing_is_bound_to_its_session(String sqlState) {
        assertThat(isSessionBound(new IllegalStateException(sql(sqlState)))).isTrue();
    }

    @Test
    void a_lost_connection_is_bound_to_its_session_and_a_locked_row_is_not() {
        assertThat(isSessionBound(ClosedConnectionException.INSTANCE)).isTrue();
        assertThat(isSessionBound(new VertxException("Connection is not active now, current status: CLOSED", true)))
                .isTrue();
        assertThat(isSessionBound(sql("FATAL", "XX000", ""))).isTrue();
        assertThat(isSessionBound(sql("55P03"))).isFalse();
        assertThat(isSessionBound(sql("57014"))).isFalse();
        assertThat(isSessionBound(sql("23505"))).isFalse();
        assertThat(isSessionBound(new IllegalStateException())).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"25006", "28P01", "3D000", "53300", "53100", "57P03", "55P03", "40P01", "57014", "23505"})
    void a_statement_or_connection_refused_by_postgres_has_not_committed(String sqlState) {
        assertThat(mayHaveCommitted(sql(sqlState))).isFalse();
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
        assertThat(mayHaveCommitted(sql("57P01"))).isTrue();
        assertThat(mayHaveCommitted(sql("08007"))).isTrue();
        assertThat(mayHaveCommitted(sql("40003"))).isTrue();
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
