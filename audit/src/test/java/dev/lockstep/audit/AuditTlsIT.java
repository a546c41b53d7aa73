package dev.lockstep.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.testing.SecuredPostgres;
import dev.lockstep.testing.TestAuthority.Issued;
import dev.lockstep.testing.TestKafka;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The auditor on a server that admits only connections over TLS, with a client certificate. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class AuditTlsIT {
    private static final String ROLE = "certified_audit";
    // The databases have no tables, so an audit ends with this after it has connected.
    private static final String CONNECTED = "cannot read the database postgresql://127.0.0.1:";

    @RegisterExtension
    static final SecuredPostgres POSTGRES = new SecuredPostgres();

    @RegisterExtension
    static final TestKafka KAFKA = new TestKafka();

    @BeforeAll
    static void createRole() {
        POSTGRES.execute("postgres", "CREATE ROLE " + ROLE + " LOGIN PASSWORD 'secret' IN ROLE pg_read_all_data");
    }

    @Test
    void databases_are_read_over_verified_connections_with_a_certificate() throws IOException {
        String output = audit(
                "verify-full",
                POSTGRES.authority().certificate(),
                POSTGRES.authority().client(ROLE));

        assertThat(output).startsWith(CONNECTED).contains("does not exist");
    }

    @Test
    void an_unknown_authority_is_reported_with_the_options() throws IOException {
        String output = audit(
                "verify-full",
                POSTGRES.foreignAuthority().certificate(),
                POSTGRES.authority().client(ROLE));

        assertThat(output)
                .startsWith("cannot connect to postgresql://127.0.0.1:")
                .contains("--postgres-sslrootcert", "unable to find valid certification path")
                .hasLineCount(1);
    }

    @Test
    void a_certificate_of_another_role_is_refused() throws IOException {
        String output = audit(
                "verify-full",
                POSTGRES.authority().certificate(),
                POSTGRES.authority().client("someone-else"));

        assertThat(output)
                .startsWith("cannot connect to postgresql://127.0.0.1:")
                .contains("--postgres-sslcert");
    }

    private static String audit(String mode, Path authorities, Issued certificate) throws IOException {
        Path password = Files.writeString(POSTGRES.folder().resolve("password"), "secret\n");
        List<String> options = new ArrayList<>(List.of(
                "--postgres-port=" + POSTGRES.port(),
                "--postgres-user=" + ROLE,
                "--postgres-password-file=" + password,
                "--postgres-sslmode=" + mode,
                "--postgres-sslrootcert=" + authorities,
                "--postgres-sslcert=" + certificate.certificate(),
                "--postgres-sslkey=" + certificate.key(),
                "--kafka=" + KAFKA.bootstrapServers(),
                "--settle=0"));
        for (String database : List.of("orders", "inventory", "payments", "sagas")) {
            options.add("--" + database + "-db=postgres");
        }
        StringWriter errors = new StringWriter();
        int exitCode = AuditApp.run(
                new PrintWriter(new StringWriter()), new PrintWriter(errors), options.toArray(String[]::new));
        assertThat(exitCode).isEqualTo(2);
        return errors.toString();
    }
}
