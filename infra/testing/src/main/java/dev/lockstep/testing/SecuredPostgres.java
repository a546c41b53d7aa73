package dev.lockstep.testing;

import dev.lockstep.embedded.LocalPostgres;
import dev.lockstep.embedded.ServerTls;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A Postgres server of its own that admits only connections over TLS, except those of the superuser. Its certificate is for 127.0.0.1 and
 * not for {@code localhost}. A role whose name starts with {@code certified} also needs a client certificate with the role's name.
 */
public final class SecuredPostgres extends TestResource {
    private final Path folder;
    private final TestAuthority authority;
    private final LocalPostgres postgres;

    public SecuredPostgres() {
        try {
            folder = Files.createTempDirectory("lockstep-secured-");
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
        LocalPostgres.grantTraversal(folder);
        authority = TestAuthority.create(folder, "postgres-ca");
        TestAuthority.Issued server = authority.server("postgres", "ip:127.0.0.1");
        postgres = LocalPostgres.startDisposable(
                folder.resolve("postgres"),
                new ServerTls(
                        server.certificate(),
                        server.key(),
                        authority.certificate(),
                        List.of(
                                "hostssl all /^certified 127.0.0.1/32 scram-sha-256 clientcert=verify-full",
                                "hostssl all all 127.0.0.1/32 scram-sha-256")));
    }

    /** The authority of the server's certificate and of client certificates. */
    public TestAuthority authority() {
        return authority;
    }

    /** An authority that the server does not know. */
    public TestAuthority foreignAuthority() {
        return TestAuthority.create(folder, TestServers.newName("foreign-ca-"));
    }

    /** A folder for files of the test, deleted with the server. */
    public Path folder() {
        return folder;
    }

    public int port() {
        return postgres.port();
    }

    /** The URI of a database in the form that services expect. */
    public String uri(String database) {
        return postgres.uri(database);
    }

    /** Executes statements as a superuser. */
    public void execute(String database, String sql) {
        Jdbc.execute(postgres.superuserUrl(database), sql);
    }

    /** The JDBC URL of a database for a superuser, with user and password. */
    public String superuserUrl(String database) {
        return postgres.superuserUrl(database);
    }

    @Override
    public void close() {
        postgres.close();
        BackgroundDeletion.start(folder);
    }
}
