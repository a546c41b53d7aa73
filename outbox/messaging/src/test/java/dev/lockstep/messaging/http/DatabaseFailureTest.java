package dev.lockstep.messaging.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.databind.JsonMappingException;
import io.vertx.core.VertxException;
import io.vertx.core.http.ConnectionPoolTooBusyException;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.ClosedConnectionException;
import java.io.IOException;
import java.net.ConnectException;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class DatabaseFailureTest {
    @ParameterizedTest
    @ValueSource(strings = {"08006", "53300", "40001", "57P01", "25006", "55P03"})
    void a_database_that_is_away_full_or_busy_passes(String sqlState) {
        assertThat(DatabaseFailure.isPassing(postgres(sqlState))).isTrue();
    }

    @ParameterizedTest
    @MethodSource("broken")
    void a_connection_that_breaks_or_does_not_come_about_passes(Throwable failure) {
        assertThat(DatabaseFailure.isPassing(failure)).isTrue();
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void a_mistake_does_not_pass(Throwable failure) {
        assertThat(DatabaseFailure.isPassing(failure)).isFalse();
    }

    static Stream<Throwable> broken() {
        return Stream.of(
                ClosedConnectionException.INSTANCE,
                new ConnectException("Connection refused"),
                new IOException("Connection reset"),
                new TimeoutException("5 s"),
                new VertxException("Connection is not active now, current status: CLOSED"),
                new ConnectionPoolTooBusyException("max wait queue size reached"));
    }

    static Stream<Throwable> mistakes() {
        return Stream.of(
                postgres("23505"),
                new JsonParseException(null, "Unexpected end-of-input"),
                new JsonMappingException(null, "no serializer"),
                new IllegalStateException("a bug"));
    }

    private static PgException postgres(String sqlState) {
        return new PgException("no", "ERROR", sqlState, "");
    }
}
