package dev.lockstep.launcher;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.runtime.PostgresProbe;
import dev.lockstep.runtime.ServiceConfig;
import dev.lockstep.runtime.StartException;
import dev.lockstep.testing.SecuredPostgres;
import dev.lockstep.testing.TestAuthority.Issued;
import dev.lockstep.testing.TestDatabase;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import io.vertx.sqlclient.Pool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Pools and migrations of a service over TLS, and what the service says if TLS or the login fails. */
@DisplayNameGeneration(ReplaceUnderscores.class)
@ExtendWith(VertxExtension.class)
class PostgresTlsIT {
    @RegisterExtension
    static final SecuredPostgres POSTGRES = new SecuredPostgres();

    private static final String TLS_OF_SESSION =
            "SELECT version || ' ' || coalesce(client_dn, '') FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

    private static Issued certificate = new Issued(Path.of(""), Path.of(""), Path.of(""));

    @BeforeAll
    static void createRoles() {
        certificate = POSTGRES.authority().client("certified");
        for (String role : new String[] {"orders", "certified"}) {
            POSTGRES.execute("postgres", "CREATE ROLE " + role + " LOGIN PASSWORD 'secret'");
            POSTGRES.execute("postgres", "CREATE DATABASE " + role + " OWNER " + role);
        }
    }

    @Test
    void pools_and_migrations_verify_the_server_and_present_the_certificate(Vertx vertx) {
        ServiceConfig config = config("certified", withCertificate(certificate));
        PostgresStartup startup = new PostgresStartup(config);

        startup.await();
        startup.migrate();

        assertThat(query(vertx, config, "SELECT to_regclass('outbox')::text")).isEqualTo("outbox");
        assertThat(query(vertx, config, TLS_OF_SESSION)).isEqualTo("TLSv1.3 /CN=certified");
    }

    @Test
    void a_certificate_with_an_rsa_key_is_accepted(Vertx vertx) {
        ServiceConfig config =
                config("certified", withCertificate(POSTGRES.authority().rsaClient("certified")));

        new PostgresStartup(config).await();

        assertThat(query(vertx, config, TLS_OF_SESSION)).isEqualTo("TLSv1.3 /CN=certified");
    }

    @Test
    void an_authority_is_verified_without_the_host_name_if_the_mode_says_so(Vertx vertx) {
        ServiceConfig config = config(
                "orders", Map.of("POSTGRES_SSLMODE", "verify-ca", "POSTGRES_URI", uriWithHost("localhost", "orders")));

        new PostgresStartup(config).await();

        assertThat(query(vertx, config, TLS_OF_SESSION)).isEqualTo("TLSv1.3 ");
    }

    @Test
    void a_replaced_password_is_used_without_a_restart(Vertx vertx) throws IOException {
        POSTGRES.execute("postgres", "CREATE ROLE rotated LOGIN PASSWORD 'old'");
        Path file = Files.writeString(POSTGRES.folder().resolve("rotated"), "old\n");
        ServiceConfig config = config(
                "orders",
                Map.of("POSTGRES_USER", "rotated", "POSTGRES_PASSWORD", "", "POSTGRES_PASSWORD_FILE", file.toString()));
        Pool pool = config.postgres().pool(vertx, "rotated", 2);
        PostgresStartup migrations = new PostgresStartup(config);
        assertThat(query(pool, "SELECT current_user")).isEqualTo("rotated");

        POSTGRES.execute("postgres", "ALTER ROLE rotated PASSWORD 'new'");
        POSTGRES.execute(
                "postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'rotated'");
        Files.writeString(file, "new\n");

        Awaitility.await()
                .ignoreExceptions()
                .until(() -> query(pool, "SELECT current_user").equals("rotated"));
        migrations.await();
    }

    @Test
    void a_replaced_certificate_is_used_without_a_restart(Vertx vertx) throws IOException {
        Issued foreign = POSTGRES.foreignAuthority().client("certified");
        Path own = Files.copy(foreign.certificate(), POSTGRES.folder().resolve("replaced.pem"));
        Path key = Files.copy(foreign.key(), POSTGRES.folder().resolve("replaced.key"));
        ServiceConfig config = config("certified", withCertificate(new Issued(own, key, own)));
        Pool pool = config.postgres().pool(vertx, "replaced", 1);
        assertThatThrownBy(() -> query(pool, TLS_OF_SESSION)).isInstanceOf(Exception.class);

        Files.writeString(own, Files.readString(certificate.certificate()));
        Files.writeString(key, Files.readString(certificate.key()));

        assertThat(query(pool, TLS_OF_SESSION)).isEqualTo("TLSv1.3 /CN=certified");
    }

    @Test
    void a_wrong_password_is_reported_at_start_and_by_readiness(Vertx vertx) {
        assertReported(
                vertx,
                config("orders", Map.of("POSTGRES_PASSWORD", "wrong")),
                "Postgres at " + address("orders")
                        + " rejects the login with POSTGRES_USER orders and POSTGRES_PASSWORD: ");
    }

    @Test
    void an_unknown_authority_is_reported_at_start_and_by_readiness(Vertx vertx) {
        String foreign = POSTGRES.foreignAuthority().certificate().toString();

        assertReported(
                vertx,
                config("orders", Map.of("POSTGRES_SSLROOTCERT", foreign)),
                "Postgres at " + address("orders") + " has a certificate of an authority that is not in"
                        + " POSTGRES_SSLROOTCERT " + foreign + ": ");
    }

    @Test
    void a_host_name_that_the_certificate_lacks_is_reported_at_start_and_by_readiness(Vertx vertx) {
        assertReported(
                vertx,
                config("orders", Map.of("POSTGRES_URI", uriWithHost("localhost", "orders"))),
                "Postgres at localhost:" + POSTGRES.port()
                        + "/orders has a certificate without the host name localhost: use"
                        + " a name of the certificate in POSTGRES_URI (");
    }

    @Test
    void a_missing_client_certificate_is_reported_at_start_and_by_readiness(Vertx vertx) {
        assertReported(
                vertx,
                config("certified", Map.of()),
                "Postgres at " + address("certified") + " requires a client certificate of POSTGRES_USER certified: set"
                        + " POSTGRES_SSLCERT and POSTGRES_SSLKEY: ");
    }

    @Test
    void a_client_certificate_of_an_unknown_authority_is_reported_at_start() {
        ServiceConfig config =
                config("certified", withCertificate(POSTGRES.foreignAuthority().client("certified")));

        assertThatThrownBy(new PostgresStartup(config)::await)
                .isInstanceOf(StartException.class)
                .hasMessageContaining("POSTGRES_SSLCERT");
    }

    @Test
    void the_certificate_of_another_role_is_reported_at_start() {
        ServiceConfig config =
                config("certified", withCertificate(POSTGRES.authority().client("orders")));

        assertThatThrownBy(new PostgresStartup(config)::await)
                .isInstanceOf(StartException.class)
                .hasMessageContaining("POSTGRES_SSLCERT");
    }

    @Test
    void a_server_that_requires_tls_is_reported_at_start_and_by_readiness(Vertx vertx) {
        assertReported(
                vertx,
                config("orders", Map.of("POSTGRES_SSLMODE", "disable", "POSTGRES_SSLROOTCERT", "")),
                "Postgres at " + address("orders") + " admits no unencrypted connection of POSTGRES_USER orders: set"
                        + " POSTGRES_SSLMODE to verify-full, or add a line to pg_hba.conf: ");
    }

    @Test
    void a_server_without_tls_is_reported_at_start_and_by_readiness(Vertx vertx) {
        TestDatabase plain = new TestDatabase("plain");

        assertReported(
                vertx,
                config("orders", Map.of("POSTGRES_URI", plain.uri())),
                "Postgres at 127.0.0.1:" + plain.server().port() + "/" + plain.name()
                        + " does not use TLS, but POSTGRES_SSLMODE is verify-full: set ssl = on in postgresql.conf (");
    }

    private static void assertReported(Vertx vertx, ServiceConfig config, String sentence) {
        assertThatThrownBy(new PostgresStartup(config)::await)
                .isInstanceOf(StartException.class)
                .hasMessageStartingWith(sentence);
        PostgresProbe probe = new PostgresProbe(vertx, config);
        Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(probe.problem())
                        .hasValueSatisfying(problem -> assertThat(problem).startsWith(sentence)));
        await(probe.close(vertx));
    }

    private static Map<String, String> withCertificate(Issued issued) {
        return Map.of(
                "POSTGRES_SSLCERT", issued.certificate().toString(),
                "POSTGRES_SSLKEY", issued.key().toString());
    }

    private static ServiceConfig config(String role, Map<String, String> others) {
        Map<String, String> settings = new HashMap<>(Map.of(
                "POSTGRES_USER",
                role,
                "POSTGRES_PASSWORD",
                "secret",
                "POSTGRES_SSLMODE",
                "verify-full",
                "POSTGRES_SSLROOTCERT",
                POSTGRES.authority().certificate().toString()));
        settings.putAll(others);
        return EchoService.config(EchoService.settings(POSTGRES.uri(role), "127.0.0.1:9", settings));
    }

    private static String address(String database) {
        return "127.0.0.1:" + POSTGRES.port() + "/" + database;
    }

    private static String uriWithHost(String host, String database) {
        return "postgresql://" + host + ":" + POSTGRES.port() + "/" + database;
    }

    private static String query(Vertx vertx, ServiceConfig config, String sql) {
        return query(config.postgres().pool(vertx, "test"), sql);
    }

    private static String query(Pool pool, String sql) {
        return await(
                pool.query(sql).execute().map(rows -> rows.iterator().next().getString(0)));
    }
}
