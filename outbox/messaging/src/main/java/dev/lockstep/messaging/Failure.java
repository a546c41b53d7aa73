package dev.lockstep.messaging;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.vertx.core.VertxException;
import io.vertx.pgclient.PgException;
import java.io.IOException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** The one place that says what a failure means for the message it happened to. */
enum Failure {
    /** Nothing is wrong with the message: the database is away, or two transactions met. Tried again for as long as it takes. */
    NOT_YET,
    /** The message itself is at fault and always will be. */
    NEVER,
    /** Nobody knows: tried a few times, apart from everything else. */
    UNKNOWN;

    static Failure of(Throwable cause) {
        for (Throwable each = cause; each != null; each = each.getCause()) {
            if (each instanceof UnprocessableMessageException) {
                return NEVER;
            }
            if (each instanceof PgException postgres) {
                return ofSqlState(postgres.getSqlState());
            }
            // An IOException by inheritance only: nothing was away, something could not be read.
            if (each instanceof JsonProcessingException) {
                return UNKNOWN;
            }
            if (each instanceof IOException || each instanceof TimeoutException || each instanceof VertxException) {
                return NOT_YET;
            }
        }
        return UNKNOWN;
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
