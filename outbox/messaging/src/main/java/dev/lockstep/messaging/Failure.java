package dev.lockstep.messaging;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.vertx.core.VertxException;
import io.vertx.core.http.ConnectionPoolTooBusyException;
import io.vertx.core.http.HttpClosedException;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.ClosedConnectionException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UnsupportedEncodingException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.FileSystemException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.common.errors.RetriableException;
import org.jspecify.annotations.Nullable;

/** The one place that says what a failure means for the message it happened to. */
enum Failure {
    /**
     * Nothing is wrong with the message: the database or the broker is away, or two transactions met. Tried again for as long
     * as it takes, so this is only what says so itself.
     */
    NOT_YET,
    /** The message itself is at fault and always will be. */
    NEVER,
    /** Nobody knows: tried a few times, apart from everything else. */
    UNKNOWN;

    private static final Set<Class<? extends IOException>> NOTHING_AWAY =
            Set.of(FileNotFoundException.class, UnsupportedEncodingException.class);
    private static final List<String> POOL_WITHOUT_CONNECTION = List.of(
            "Timeout waiting for connection",
            "Connection is not active now",
            "Pending requests failed to be sent",
            "SSL handshake failed");

    static Failure of(Throwable cause) {
        for (Throwable each = cause; each != null; each = each.getCause()) {
            if (each instanceof UnprocessableMessageException) {
                return NEVER;
            }
            if (each instanceof PgException postgres) {
                return ofSqlState(postgres.getSqlState());
            }
            if (isAbsence(each)) {
                return NOT_YET;
            }
        }
        return UNKNOWN;
    }

    // A handler's Future.failedFuture("...") is a VertxException like those of the pool, so that type alone tells
    // nothing.
    private static boolean isAbsence(Throwable failure) {
        return switch (failure) {
            case IOException io -> !NOTHING_AWAY.contains(io.getClass()) && !isOfContent(io);
            case TimeoutException late -> true;
            case RetriableException broker -> true;
            case ClosedConnectionException closed -> true;
            case HttpClosedException closed -> true;
            case ConnectionPoolTooBusyException busy -> true;
            case VertxException pool when pool.getClass() == VertxException.class -> isOfThePool(pool);
            default -> false;
        };
    }

    // An IOException by inheritance only: nothing was away, something could not be read.
    private static boolean isOfContent(IOException failure) {
        return failure instanceof JsonProcessingException
                || failure instanceof FileSystemException
                || failure instanceof CharacterCodingException;
    }

    // The client has no types of its own for these.
    private static boolean isOfThePool(VertxException failure) {
        String message = failure.getMessage();
        return message != null && POOL_WITHOUT_CONNECTION.stream().anyMatch(message::startsWith);
    }

    /** The word that no attempt will help, wherever in the chain of causes it was said. */
    static Optional<UnprocessableMessageException> verdict(Throwable cause) {
        for (Throwable each = cause; each != null; each = each.getCause()) {
            if (each instanceof UnprocessableMessageException never) {
                return Optional.of(never);
            }
        }
        return Optional.empty();
    }

    // Classes of https://www.postgresql.org/docs/18/errcodes-appendix.html that pass without the statement changing.
    private static Failure ofSqlState(@Nullable String sqlState) {
        if (sqlState == null || sqlState.length() != 5) {
            return UNKNOWN;
        }
        return switch (sqlState.substring(0, 2)) {
            case "08", "28", "3D", "40", "53", "57", "58" -> NOT_YET;
            case "25" -> sqlState.equals("25006") ? NOT_YET : UNKNOWN; // read only: a failover is under way
            case "55" -> sqlState.equals("55P03") ? NOT_YET : UNKNOWN; // lock not available
            default -> UNKNOWN;
        };
    }
}
