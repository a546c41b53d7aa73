package dev.lockstep.messaging.failure;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.vertx.core.VertxException;
import io.vertx.core.http.ConnectionPoolTooBusyException;
import io.vertx.core.http.HttpClosedException;
import io.vertx.sqlclient.ClosedConnectionException;
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
import java.util.function.Predicate;
import org.apache.kafka.common.errors.RetriableException;

/**
 * The only place that classifies failures: for consumers, HTTP routes, transactions and connection pools. Each method examines the chain
 * of causes.
 *
 * <pre>
 * failure                                                           kind         consumer            HTTP
 * ────────────────────────────────────────────────────────────────  ───────────  ──────────────────  ────────────────
 * connection refused, lost or closed; no pooled connection in time  UNAVAILABLE  pauses, retries     503, Retry-After
 * COMMIT not answered in time                                       UNAVAILABLE  the whole batch
 * SQLSTATE class 08 (connection), 28 (login), 3D (no database),     UNAVAILABLE
 *   53 (disk full, too many connections), 57 (shutdown),
 *   58 (system error), F0 (configuration file); 25006 (read-only)
 * Kafka's RetriableException                                        UNAVAILABLE
 *
 * 55P03 (lock timeout), 40P01 (deadlock), 40001 (serialization),    TRANSIENT    parks the key,      503, Retry-After
 *   other 40 except 40002, 57014 (statement cancelled),                          attempt not
 *   25P03 and 25P04 (time limits of the server),                                 counted
 *   53200 and 53400 (memory, limits), 55006 (object in use),
 *   42501 (missing privilege), 72000 (snapshot too old)
 * 0A000 of an altered table's cached plan, 26000, 42P05             TRANSIENT
 *
 * UnprocessableMessageException, UnprocessableMessagesException     PERMANENT    dead letter         500
 *
 * 22021 (text that Postgres cannot store)                           UNKNOWN      parks the key,      400
 * other SQLSTATEs: constraint violations (23), data                 UNKNOWN      counts the attempt  500
 *   exceptions (22), errors in statements (42), 40002, other 0A000
 * transaction that exceeded its limit before its COMMIT             UNKNOWN
 * any other exception                                               UNKNOWN
 * </pre>
 *
 * <p>A class that is listed with one kind may have single SQLSTATEs of another kind: the more specific line applies.
 */
public final class FailureClassifier {
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
            Optional<PostgresFailure> reported = PostgresFailure.of(each);
            if (reported.isPresent()) {
                return reported.get().kind();
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
            Optional<PostgresFailure> reported = PostgresFailure.of(each);
            if (reported.isPresent()) {
                return reported.get().isSessionBound();
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
            Optional<PostgresFailure> reported = PostgresFailure.of(each);
            if (reported.isPresent()) {
                return reported.get().mayHaveCommitted();
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
        return isReported(failure, PostgresFailure::isUnstorableText);
    }

    /** Whether a lock held by another transaction could not be acquired in time. */
    public static boolean isLockTimeout(Throwable failure) {
        return isReported(failure, PostgresFailure::isLockTimeout);
    }

    /** Whether the server cancelled the statement, most often because it exceeded {@code statement_timeout}. */
    public static boolean isCancelledStatement(Throwable failure) {
        return isReported(failure, PostgresFailure::isCancelledStatement);
    }

    /** Whether the database, or this session, does not accept writes. */
    public static boolean isReadOnly(Throwable failure) {
        return isReported(failure, PostgresFailure::isReadOnly);
    }

    /** Whether Postgres rejects the user or the password. */
    public static boolean isRejectedLogin(Throwable failure) {
        return isReported(failure, PostgresFailure::isRejectedLogin);
    }

    /**
     * Whether a statement that this session has prepared can no longer be used: its table was altered, or a proxy has connected the session
     * to another server process. A new session prepares it again.
     */
    public static boolean isStaleStatement(Throwable failure) {
        return isReported(failure, PostgresFailure::isStaleStatement);
    }

    /**
     * Whether an immediate retry of the transaction is likely to succeed: it conflicted with another transaction, or its session was
     * unusable.
     */
    public static boolean isRetryableAtOnce(Throwable failure) {
        return isReported(failure, PostgresFailure::isRetryableAtOnce);
    }

    private static boolean isReported(Throwable failure, Predicate<PostgresFailure> condition) {
        return PostgresFailure.find(failure).filter(condition).isPresent();
    }

    /**
     * Returns why a message can never be handled, if the chain of causes says so. The failure must come from an attempt with that message
     * alone.
     */
    public static Optional<UnprocessableMessageException> findPermanent(Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each instanceof UnprocessableMessageException permanent) {
                return Optional.of(permanent);
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

    // Future.failedFuture("...") in a handler creates a VertxException like those of the pool, so the type alone does
    // not identify a failure of the pool.
    private static boolean isUnavailable(Throwable failure) {
        return switch (failure) {
            case IOException io -> !LOCAL_IO_FAILURES.contains(io.getClass()) && !isContentFailure(io);
            case TimeoutException late -> true;
            case TransactionTimeoutException late -> late.mayHaveCommitted();
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
