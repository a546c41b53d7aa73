package dev.lockstep.runtime;

import dev.lockstep.messaging.failure.TlsFailure;
import io.vertx.pgclient.PgException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * Explains why no connection to Postgres can be opened, if only other settings can fix this: the login, TLS, or the server's rules of access.
 * Both drivers report these failures, each in its own way.
 */
public final class PostgresDiagnosis {
    private static final String LOGIN_CLASS = "28";
    private static final String WRONG_PASSWORD = "28P01";
    private static final String CONNECTION_REJECTED = "08004";
    // Neither driver has a type for these. The name of its verifier is in the JDBC driver's message in every language.
    private static final String JDBC_HOST_NAME_VERIFIER = "PgjdbcHostnameVerifier";
    private static final String VERTX_WITHOUT_TLS = "Postgres Server does not handle SSL connection";

    private PostgresDiagnosis() {}

    /** A failure as the server reported it. */
    private record Report(String state, String message) {}

    /**
     * Returns a sentence that names the server, what it refused, and the setting to look at. Empty if the failure may pass by itself or is
     * of another kind.
     *
     * @param login whose connection failed
     */
    public static Optional<String> of(Throwable failure, PostgresConfig postgres, PostgresLogin login) {
        return serverReport(failure)
                .filter(report -> report.state().startsWith(LOGIN_CLASS))
                .map(report -> refusedLogin(report, postgres.tls(), login))
                .or(() -> tlsProblem(failure, postgres))
                .map(problem -> "Postgres at " + postgres.address() + " " + problem);
    }

    private static String refusedLogin(Report report, PostgresTls tls, PostgresLogin login) {
        String user = login.userSetting() + " " + login.user();
        boolean byRule = report.message().contains("pg_hba.conf");
        if (byRule && !tls.isEnabled()) {
            return "admits no unencrypted connection of %s: set POSTGRES_SSLMODE to verify-full, or add a line to pg_hba.conf: %s"
                    .formatted(user, report.message());
        }
        if (byRule) {
            return "has no line in pg_hba.conf that admits %s: %s".formatted(user, report.message());
        }
        if (!report.state().equals(WRONG_PASSWORD) && report.message().contains("certificate")) {
            return tls.identity() == null
                    ? "requires a client certificate of %s: set POSTGRES_SSLCERT and POSTGRES_SSLKEY: %s"
                            .formatted(user, report.message())
                    : "does not accept the client certificate in POSTGRES_SSLCERT for %s: %s"
                            .formatted(user, report.message());
        }
        return "rejects the login with %s and %s%s: %s"
                .formatted(
                        user,
                        login.passwordSetting(),
                        // With clientcert=verify-full Postgres reports a certificate of another role in the same way.
                        tls.identity() == null ? "" : ", or POSTGRES_SSLCERT is not the certificate of this role",
                        report.message());
    }

    private static Optional<String> tlsProblem(Throwable failure, PostgresConfig postgres) {
        PostgresTls tls = postgres.tls();
        if (!tls.isEnabled()) {
            return Optional.empty();
        }
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (isWithoutTls(each)) {
                return Optional.of("does not use TLS, but POSTGRES_SSLMODE is %s: set ssl = on in postgresql.conf (%s)"
                        .formatted(tls.mode().word(), each.getMessage()));
            }
            if (String.valueOf(each.getMessage()).contains(JDBC_HOST_NAME_VERIFIER)) {
                return Optional.of(wrongHostName(postgres, each));
            }
        }
        return TlsFailure.of(failure).flatMap(kind -> describe(kind, root(failure), postgres));
    }

    // The server has answered the request for TLS with no. Its errors have an SQLSTATE and a message from the server.
    private static boolean isWithoutTls(Throwable failure) {
        return VERTX_WITHOUT_TLS.equals(failure.getMessage())
                || (failure instanceof PSQLException refused
                        && CONNECTION_REJECTED.equals(refused.getSQLState())
                        && refused.getServerErrorMessage() == null);
    }

    private static Optional<String> describe(TlsFailure kind, Throwable root, PostgresConfig postgres) {
        return switch (kind) {
            case EXPIRED_CERTIFICATE ->
                Optional.of("has a certificate that has expired or is not yet valid: " + root.getMessage());
            case UNKNOWN_AUTHORITY ->
                Optional.of("has a certificate of an authority that is not in POSTGRES_SSLROOTCERT %s: %s"
                        .formatted(postgres.tls().authorities(), root.getMessage()));
            case WRONG_HOST_NAME -> Optional.of(wrongHostName(postgres, root));
            case REFUSED_CLIENT_CERTIFICATE ->
                Optional.of(
                        "does not accept the client certificate in POSTGRES_SSLCERT: %s".formatted(root.getMessage()));
            case OTHER -> Optional.empty();
        };
    }

    private static String wrongHostName(PostgresConfig postgres, Throwable reason) {
        return "has a certificate without the host name %s: use a name of the certificate in POSTGRES_URI (%s)"
                .formatted(postgres.host(), reason.getMessage());
    }

    private static Optional<Report> serverReport(Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            Report found = switch (each) {
                case PgException vertx -> report(vertx.getSqlState(), vertx.getErrorMessage());
                case PSQLException jdbc -> report(jdbc);
                default -> null;
            };
            if (found != null) {
                return Optional.of(found);
            }
        }
        return Optional.empty();
    }

    private static @Nullable Report report(PSQLException failure) {
        ServerErrorMessage server = failure.getServerErrorMessage();
        return server == null ? null : report(server.getSQLState(), failure.getMessage());
    }

    private static Report report(@Nullable String state, @Nullable String message) {
        return new Report(state == null ? "" : state, String.valueOf(message));
    }

    private static Throwable root(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root;
    }
}
