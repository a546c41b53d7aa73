package dev.lockstep.messaging;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonParseException;
import io.vertx.core.Future;
import io.vertx.core.VertxException;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.ClosedConnectionException;
import io.vertx.sqlclient.TransactionRollbackException;
import java.io.FileNotFoundException;
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
class FailureTest {
    @ParameterizedTest
    @ValueSource(
            strings = {"08006", "40001", "40P01", "53100", "53300", "55P03", "57P01", "57P03", "58030", "25006", "28P01"
            })
    void a_database_that_is_away_full_or_busy_is_not_yet(String sqlState) {
        assertThat(Failure.of(sql(sqlState))).isEqualTo(Failure.NOT_YET);
    }

    @ParameterizedTest
    @ValueSource(strings = {"22003", "22021", "23514", "42P01", "25001"})
    void a_statement_that_this_message_made_fail_is_not_blamed_on_the_database(String sqlState) {
        assertThat(Failure.of(sql(sqlState))).isEqualTo(Failure.UNKNOWN);
    }

    @Test
    void a_lost_connection_is_not_yet_however_deep_it_lies() {
        assertThat(Failure.of(new IllegalStateException(new ConnectException("refused"))))
                .isEqualTo(Failure.NOT_YET);
        assertThat(Failure.of(ClosedConnectionException.INSTANCE)).isEqualTo(Failure.NOT_YET);
        assertThat(Failure.of(new TimeoutException())).isEqualTo(Failure.NOT_YET);
    }

    @Test
    void what_cannot_be_read_is_not_blamed_on_a_connection() {
        assertThat(Failure.of(new IllegalStateException(new JsonParseException(null, "not JSON"))))
                .isEqualTo(Failure.UNKNOWN);
    }

    @Test
    void a_failure_in_words_is_the_handlers_own_and_not_a_database_that_is_away() {
        assertThat(Failure.of(failure(Future.failedFuture("no greeting for bob"))))
                .isEqualTo(Failure.UNKNOWN);
        assertThat(Failure.of(new VertxException("Parameter at position[0] is wrong")))
                .isEqualTo(Failure.UNKNOWN);
        assertThat(Failure.of(TransactionRollbackException.INSTANCE)).isEqualTo(Failure.UNKNOWN);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Timeout waiting for connection",
                "Connection is not active now, current status: CLOSED",
                "Pending requests failed to be sent due to connection has been closed."
            })
    void what_the_pool_says_of_a_connection_that_is_gone_is_not_yet(String message) {
        assertThat(Failure.of(new VertxException(message, true))).isEqualTo(Failure.NOT_YET);
    }

    @Test
    void a_broker_that_is_away_is_not_yet_and_a_file_that_is_missing_is_nobodys_absence() {
        assertThat(Failure.of(new NotLeaderOrFollowerException("moved"))).isEqualTo(Failure.NOT_YET);
        assertThat(Failure.of(new NoSuchFileException("greetings.txt"))).isEqualTo(Failure.UNKNOWN);
        assertThat(Failure.of(new FileNotFoundException("greetings.txt"))).isEqualTo(Failure.UNKNOWN);
    }

    @Test
    void our_own_word_is_found_however_deep_it_lies() {
        UnprocessableMessageException never = new UnprocessableMessageException("R", "no");

        assertThat(Failure.of(new IllegalStateException(never))).isEqualTo(Failure.NEVER);
        assertThat(Failure.verdict(new IllegalStateException(never))).containsSame(never);
        assertThat(Failure.verdict(new IllegalStateException())).isEmpty();
    }

    @Test
    void only_our_own_word_means_never() {
        assertThat(Failure.of(new UnprocessableMessageException("R", "no"))).isEqualTo(Failure.NEVER);
        assertThat(Failure.of(new NullPointerException())).isEqualTo(Failure.UNKNOWN);
        assertThat(Failure.of(new ArithmeticException())).isEqualTo(Failure.UNKNOWN);
    }

    private static Throwable failure(Future<?> failed) {
        return failed.cause();
    }

    private static PgException sql(String state) {
        return new PgException("it failed", "ERROR", state, "");
    }
}
