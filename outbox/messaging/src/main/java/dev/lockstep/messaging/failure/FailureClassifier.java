package dev.lockstep.messaging.failure;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.vertx.core.VertxException;
import io.vertx.core.http.ConnectionPoolTooBusyException;
import io.vertx.core.http.HttpClosedException;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.ClosedConnectionException;
import io.vertx.sqlclient.DatabaseException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UnsupportedEncodingException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.FileSystemException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.common.errors.RetriableException;
import org.jspecify.annotations.Nullable;

/** The only place that classifies failures: for consumers, for HTTP and for connection pools. Each method examines the chain of causes. */
public final class FailureClassifier {
    // https://www.postgresql.org/docs/18/errcodes-appendix.html
    private static final String LOCK_NOT_AVAILABLE = "55P03";
    private static final Set<String> UNAVAILABLE_CLASSES = Set.of("08", "28", "3D", "53", "57", "58", "F0");
    private static final Set<String> UNAVAILABLE_STATES = Set.of("25006", "HV00N");
    private static final Set<String> TRANSIENT_STATES = Set.of(
            "25P03", // idle_in_transaction_session_timeout exceeded
            "25P04", // transaction_timeout exceeded
            "26000", // prepared statement does not exist
            "40000",
            "40001", // serialization failure
            "40003", // unknown whether the statement completed
            "40P01", // deadlock
            "42501", // missing privilege: other statements may succeed, and a GRANT resolves it
            "42P05", // prepared statement already exists
            "53200", // out of memory: a smaller statement may succeed
            "53400", // a configured limit is exceeded, such as temp_file_limit
            "55006", // object in use
            LOCK_NOT_AVAILABLE,
            "57014", // cancelled, or statement_timeout exceeded
            "72000"); // snapshot too old
    private static final String PROTOCOL_VIOLATION = "08P01";
    private static final String FEATURE_NOT_SUPPORTED = "0A000";
    // "cached plan must not change result type" shares its SQLSTATE with features that will never be supported. The
    // name of the server routine tells them apart.
    private static final String CACHED_PLAN_CHECK = "RevalidateCachedQuery";
    private static final String UNSTORABLE_TEXT = "22021";

    private static final Set<String> SESSION_BOUND_STATES = Set.of(FEATURE_NOT_SUPPORTED, "25006", "26000", "42P05");
    private static final Set<String> SESSION_ENDING_STATES =
            Set.of("25P03", "25P04", "57P01", "57P02", "57P04", "57P05");
    // Postgres reports these to a connecting client, and then closes the connection.
    private static final Set<String> CONNECTION_REFUSED_STATES = Set.of("53300", "57P03");
    private static final Set<String> CONNECTION_REFUSED_CLASSES = Set.of("28", "3D");
    private static final Set<String> UNKNOWN_OUTCOME_STATES = Set.of("08007", "40003");

    private static final Set<Class<? extends IOException>> LOCAL_IO_FAILURES =
            Set.of(FileNotFoundException.class, UnsupportedEncodingException.class);
    // The pool has no exception types of its own for these failures. Its message is "Timeout" if the caller requested a
    // connection, and longer if the caller requested a query.
    private static final String POOL_TIMEOUT = "Timeout";
    private static final List<String> NO_CONNECTION_MESSAGES =
            List.of("Timeout waiting for connection", "SSL handshake failed");
    private static final List<String> LOST_CONNECTION_MESSAGES =
            List.of("Connection is not active now", "Pending requests failed to be sent");

    private FailureClassifier() {}

    /** Classifies a failure. The result is {@link FailureKind#UNKNOWN} unless the chain of causes contains a failure of a known kind. */
    public static FailureKind classify(Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each instanceof UnprocessableMessageException || each instanceof UnprocessableMessagesException) {
                return FailureKind.PERMANENT;
            }
            if (each instanceof DatabaseException database) {
                return classifyDatabase(database);
            }
            if (isUnavailable(each)) {
                return FailureKind.UNAVAILABLE;
            }
        }
        return FailureKind.UNKNOWN;
    }

    /**
     * Whether the failure is bound to the database session that reported it, so that the connection must be closed instead of returned to
     * its pool. Examples are a session that is still read-only after a failover, the cached plan of an altered table, and a session that
     * the server ends.
     */
    public static boolean isSessionBound(Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each instanceof DatabaseException database) {
                String state = stateOf(database);
                return SESSION_BOUND_STATES.contains(state)
                        || refusesSession(state)
                        || classOf(state).equals("08")
                        || endsSession(database, state);
            }
            if (isLostConnection(each)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Whether a transaction that failed in this way may have committed nevertheless. It cannot have committed if Postgres refused a
     * statement or a connection, or if no connection was available. It may have committed if the connection was lost or no answer arrived
     * in time.
     */
    public static boolean mayHaveCommitted(Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each instanceof DatabaseException database) {
                String state = stateOf(database);
                return UNKNOWN_OUTCOME_STATES.contains(state) || endsSession(database, state);
            }
            if (isRefusedConnection(each)) {
                return false;
            }
            if (isUnavailable(each)) {
                return true;
            }
        }
        return false;
    }

    /** Whether the failure reports text that Postgres cannot store in its encoding. */
    public static boolean isUnstorableText(Throwable failure) {
        return stateOf(failure).equals(UNSTORABLE_TEXT);
    }

    /** Whether a lock held by another transaction could not be acquired in time. */
    public static boolean isLockTimeout(Throwable failure) {
        return stateOf(failure).equals(LOCK_NOT_AVAILABLE);
    }

    /**
     * Whether an immediate retry of the transaction is likely to succeed: it conflicted with another transaction, or its session was
     * unusable.
     */
    public static boolean isRetryableAtOnce(Throwable failure) {
        String state = stateOf(failure);
        return classOf(state).equals("40")
                || SESSION_BOUND_STATES.contains(state)
                || SESSION_ENDING_STATES.contains(state);
    }

    /**
     * Returns why a message can never be handled, if the chain of causes says so. The failure must come from an attempt with that message
     * alone.
     */
    public static Optional<UnprocessableMessageException> findPermanent(Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each instanceof UnprocessableMessageException never) {
                return Optional.of(never);
            }
            if (each instanceof UnprocessableMessagesException many) {
                return many.messages().values().stream().findFirst();
            }
        }
        return Optional.empty();
    }

    /** Returns the messages of a batch that can never be handled, by message id, as far as the handler has named them. */
    public static Map<UUID, UnprocessableMessageException> namedMessages(Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each instanceof UnprocessableMessagesException many) {
                return many.messages();
            }
        }
        return Map.of();
    }

    private static FailureKind classifyDatabase(DatabaseException failure) {
        String state = stateOf(failure);
        if (TRANSIENT_STATES.contains(state)) {
            return FailureKind.TRANSIENT;
        }
        if (state.equals(FEATURE_NOT_SUPPORTED)) {
            return isCachedPlanFailure(failure) ? FailureKind.TRANSIENT : FailureKind.UNKNOWN;
        }
        if (state.equals(PROTOCOL_VIOLATION) && !isFatal(failure)) {
            // The server rejects this one protocol message. A failing connection pooler in front of the server answers
            // FATAL instead.
            return FailureKind.UNKNOWN;
        }
        return UNAVAILABLE_STATES.contains(state) || UNAVAILABLE_CLASSES.contains(classOf(state))
                ? FailureKind.UNAVAILABLE
                : FailureKind.UNKNOWN;
    }

    private static boolean isCachedPlanFailure(DatabaseException failure) {
        return failure instanceof PgException postgres && CACHED_PLAN_CHECK.equals(postgres.getRoutine());
    }

    // The answer to a COMMIT may have been lost together with the session.
    private static boolean endsSession(DatabaseException failure, String state) {
        return SESSION_ENDING_STATES.contains(state) || (isFatal(failure) && !refusesSession(state));
    }

    private static boolean refusesSession(String state) {
        return CONNECTION_REFUSED_STATES.contains(state) || CONNECTION_REFUSED_CLASSES.contains(classOf(state));
    }

    // The server translates the severity according to lc_messages. The SQLSTATEs above do not depend on it.
    private static boolean isFatal(DatabaseException failure) {
        return failure instanceof PgException postgres
                && ("FATAL".equals(postgres.getSeverity()) || "PANIC".equals(postgres.getSeverity()));
    }

    private static String stateOf(Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each instanceof DatabaseException database) {
                return stateOf(database);
            }
        }
        return "";
    }

    private static String stateOf(DatabaseException failure) {
        @Nullable String state = failure.getSqlState();
        return state != null && state.length() == 5 ? state : "";
    }

    private static String classOf(String state) {
        return state.isEmpty() ? "" : state.substring(0, 2);
    }

    // Future.failedFuture("...") in a handler creates a VertxException like those of the pool, so the type alone does
    // not identify a failure of the pool.
    private static boolean isUnavailable(Throwable failure) {
        return switch (failure) {
            case IOException io -> !LOCAL_IO_FAILURES.contains(io.getClass()) && !isContentFailure(io);
            case TimeoutException late -> true;
            case RetriableException broker -> true;
            case HttpClosedException closed -> true;
            case ConnectionPoolTooBusyException busy -> true;
            case ClosedConnectionException closed -> true;
            case VertxException pool -> isWithoutConnection(pool) || startsWith(pool, LOST_CONNECTION_MESSAGES);
            default -> false;
        };
    }

    private static boolean isLostConnection(Throwable failure) {
        return failure instanceof ClosedConnectionException
                || (failure instanceof VertxException pool && startsWith(pool, LOST_CONNECTION_MESSAGES));
    }

    private static boolean isRefusedConnection(Throwable failure) {
        return failure instanceof ConnectException
                || failure instanceof UnknownHostException
                || failure instanceof ConnectionPoolTooBusyException
                || (failure instanceof VertxException pool && isWithoutConnection(pool));
    }

    private static boolean isWithoutConnection(VertxException failure) {
        return startsWith(failure, NO_CONNECTION_MESSAGES) || POOL_TIMEOUT.equals(failure.getMessage());
    }

    // These extend IOException, but they report unreadable content and not an unavailable service.
    private static boolean isContentFailure(IOException failure) {
        return failure instanceof JsonProcessingException
                || failure instanceof FileSystemException
                || failure instanceof CharacterCodingException;
    }

    private static boolean startsWith(VertxException failure, List<String> beginnings) {
        String message = failure.getMessage();
        return failure.getClass() == VertxException.class
                && message != null
                && beginnings.stream().anyMatch(message::startsWith);
    }
}
