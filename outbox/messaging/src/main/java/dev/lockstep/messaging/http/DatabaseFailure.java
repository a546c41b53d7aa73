package dev.lockstep.messaging.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.vertx.core.VertxException;
import io.vertx.core.http.ConnectionPoolTooBusyException;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.ClosedConnectionException;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeoutException;

/** Tells a database that is away for a moment from a mistake. */
final class DatabaseFailure {
    // https://www.postgresql.org/docs/18/errcodes-appendix.html
    private static final String UNSTORABLE_TEXT = "22021";
    private static final Set<String> PASSING_CLASSES = Set.of("08", "53");
    private static final Set<String> PASSING_STATES =
            Set.of("40001", "40P01", "57P01", "57P02", "57P03", "57014", "25006", "55P03");

    private static final List<String> POOL_WITHOUT_CONNECTION = List.of("Timeout", "Connection is not active now");

    private DatabaseFailure() {}

    static boolean isUnstorableText(Throwable failure) {
        return failure instanceof PgException postgres && UNSTORABLE_TEXT.equals(postgres.getSqlState());
    }

    static boolean isPassing(Throwable failure) {
        return switch (failure) {
            case PgException postgres
            when postgres.getSqlState() != null ->
                PASSING_STATES.contains(postgres.getSqlState())
                        || PASSING_CLASSES.contains(postgres.getSqlState().substring(0, 2));
            case ClosedConnectionException closed -> true;
            // An IOException by inheritance only: nothing was away, something could not be read or written.
            case JsonProcessingException unreadable -> false;
            case IOException refused -> true;
            case TimeoutException late -> true;
            case ConnectionPoolTooBusyException busy -> true;
            // The pool has no types of its own for these: nobody gave a connection back in time, or it was gone by
            // then.
            case VertxException pool ->
                pool.getMessage() != null && POOL_WITHOUT_CONNECTION.stream().anyMatch(pool.getMessage()::startsWith);
            default -> false;
        };
    }
}
