package dev.lockstep.messaging;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonParseException;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.ClosedConnectionException;
import java.net.ConnectException;
import java.util.concurrent.TimeoutException;
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
    void only_our_own_word_means_never() {
        assertThat(Failure.of(new UnprocessableMessageException("R", "no"))).isEqualTo(Failure.NEVER);
        assertThat(Failure.of(new NullPointerException())).isEqualTo(Failure.UNKNOWN);
        assertThat(Failure.of(new ArithmeticException())).isEqualTo(Failure.UNKNOWN);
    }

    private static PgException sql(String state) {
        return new PgException("it failed", "ERROR", state, "");
    }
}
