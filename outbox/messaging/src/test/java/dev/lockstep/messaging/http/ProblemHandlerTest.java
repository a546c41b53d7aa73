package dev.lockstep.messaging.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.messaging.failure.UnprocessableMessageException;
import io.vertx.core.Future;
import io.vertx.core.http.ConnectionPoolTooBusyException;
import io.vertx.core.http.HttpMethod;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.ClosedConnectionException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The response to each class of failure. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class ProblemHandlerTest {
    @ParameterizedTest
    @CsvSource(textBlock = """
            # unavailable to all requests
            08006, 503
            25006, 503
            28P01, 503
            3D000, 503
            53100, 503
            53300, 503
            57P01, 503
            57P03, 503
            58030, 503
            F0000, 503
            # this transaction could not proceed
            40001, 503
            40P01, 503
            42501, 503
            53200, 503
            55P03, 503
            57014, 503
            # caused by the request
            22021, 400
            # caused by the service
            0A000, 500
            22003, 500
            23505, 500
            23514, 500
            42P01, 500
            XX000, 500
            """)
    void every_sqlstate_class_has_a_status_whatever_the_method(String sqlState, int status) {
        PgException failure = sql(sqlState);

        assertThat(Stream.of(HttpMethod.GET, HttpMethod.POST, HttpMethod.PUT, HttpMethod.DELETE)
                        .map(method -> ProblemHandler.toProblem(method, failure)))
                .allSatisfy(problem -> {
                    assertThat(problem.status()).isEqualTo(status);
                    assertThat(problem.retryAfter().isPresent()).isEqualTo(status == 503);
                });
    }

    @ParameterizedTest
    @MethodSource
    void a_request_without_a_connection_is_answered_503_with_retry_after(Throwable failure) {
        Problem problem = ProblemHandler.toProblem(HttpMethod.POST, failure);

        assertThat(problem.status()).isEqualTo(503);
        assertThat(problem.retryAfter()).contains(Duration.ofSeconds(1));
    }

    static Stream<Throwable> a_request_without_a_connection_is_answered_503_with_retry_after() {
        return Stream.of(
                new ConnectException("refused"),
                ClosedConnectionException.INSTANCE,
                new ConnectionPoolTooBusyException("max wait queue size reached"),
                Future.failedFuture("Timeout").cause(),
                new IllegalStateException(new ConnectException("refused")));
    }

    @Test
    void a_failed_change_says_whether_it_took_effect() {
        assertThat(ProblemHandler.toProblem(HttpMethod.POST, sql("57P03")).detail())
                .isEqualTo("The database is unavailable; the request did not take effect, so retry it");
        assertThat(ProblemHandler.toProblem(HttpMethod.POST, ClosedConnectionException.INSTANCE)
                        .detail())
                .isEqualTo("The database is unavailable; it is unknown whether the request took effect, so retry it");
        assertThat(ProblemHandler.toProblem(HttpMethod.DELETE, sql("40P01")).detail())
                .endsWith("because of another transaction on the same rows; the request did not take effect, so retry"
                        + " it");
        assertThat(ProblemHandler.toProblem(HttpMethod.GET, ClosedConnectionException.INSTANCE)
                        .detail())
                .isEqualTo("The database is unavailable; retry the request");
    }

    @Test
    void any_other_failure_is_answered_500_without_its_text() {
        assertThat(Stream.of(new NullPointerException("secret"), new UnprocessableMessageException("R", "secret"))
                        .map(failure -> ProblemHandler.toProblem(HttpMethod.POST, failure)))
                .allSatisfy(problem -> {
                    assertThat(problem.status()).isEqualTo(500);
                    assertThat(problem.detail()).isEqualTo("Internal error; see the service log");
                });
    }

    private static PgException sql(String state) {
        return new PgException("it failed", "ERROR", state, "");
    }
}
