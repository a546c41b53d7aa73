package dev.lockstep.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.lockstep.runtime.PostgresTls.Mode;
import dev.lockstep.testing.TestAuthority;
import dev.lockstep.testing.TestAuthority.Issued;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.SslMode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class PostgresTlsTest {
    @TempDir
    static Path folder;

    private static String ca = "";
    private static String certificate = "";
    private static String key = "";

    @TempDir
    Path files;

    @BeforeAll
    static void issue() {
        TestAuthority authority = TestAuthority.create(folder, "ca");
        Issued client = authority.client("orders");
        ca = authority.certificate().toString();
        certificate = client.certificate().toString();
        key = client.key().toString();
    }

    @Test
    void without_settings_connections_use_no_tls() {
        PostgresTls tls = read(Map.of());

        assertThat(tls).isEqualTo(PostgresTls.DISABLED);
        assertThat(tls.jdbcProperties()).isEqualTo(Map.of("sslmode", "disable"));
    }

    @Test
    void both_drivers_get_the_same_mode_and_files() {
        PostgresTls tls = read(Map.of(
                "POSTGRES_SSLMODE", "verify-full",
                "POSTGRES_SSLROOTCERT", ca,
                "POSTGRES_SSLCERT", certificate,
                "POSTGRES_SSLKEY", key));
        PgConnectOptions options = new PgConnectOptions();

        tls.applyTo(options);

        assertThat(tls.jdbcProperties())
                .isEqualTo(Map.of(
                        "sslmode", "verify-full",
                        "sslrootcert", ca,
                        "sslcert", certificate,
                        "sslkey", key,
                        "pemKeyAlgorithm", "EC"));
        assertThat(options.getSslMode()).isEqualTo(SslMode.VERIFY_FULL);
        assertThat(options.getSslOptions().getHostnameVerificationAlgorithm()).isEqualTo("HTTPS");
        assertThat(options.getSslOptions().isTrustAll()).isFalse();
        assertThat(options.getSslOptions().getTrustOptions()).isNotNull();
        assertThat(options.getSslOptions().getKeyCertOptions()).isNotNull();
    }

    @ParameterizedTest
    @CsvSource({
        "require, false, REQUIRE",
        "require, true, VERIFY_CA",
        "verify-ca, true, VERIFY_CA",
        "VERIFY-FULL, true, VERIFY_FULL"
    })
    void the_modes_mean_what_they_mean_in_libpq(String word, boolean withAuthority, Mode effective) {
        Map<String, String> settings = withAuthority
                ? Map.of("POSTGRES_SSLMODE", word, "POSTGRES_SSLROOTCERT", ca)
                : Map.of("POSTGRES_SSLMODE", word);

        assertThat(read(settings).mode()).isEqualTo(effective);
    }

    @ParameterizedTest
    @ValueSource(strings = {"allow", "prefer"})
    void a_mode_that_may_not_encrypt_is_refused_with_the_reason(String word) {
        assertThat(problems(Map.of("POSTGRES_SSLMODE", word, "POSTGRES_SSLROOTCERT", ca)))
                .containsExactly("POSTGRES_SSLMODE must be one of disable, require, verify-ca, verify-full, but was \""
                        + word + "\", with which a connection may silently be unencrypted");
    }

    @ParameterizedTest
    @ValueSource(strings = {"verify-ca", "verify-full"})
    void an_authority_is_required_to_verify(String word) {
        assertThat(problems(Map.of("POSTGRES_SSLMODE", word)))
                .containsExactly("POSTGRES_SSLROOTCERT is required with POSTGRES_SSLMODE=" + word
                        + ": a PEM file with the authority of the server's certificate");
    }

    @Test
    void files_without_a_mode_are_reported() {
        assertThat(problems(Map.of("POSTGRES_SSLROOTCERT", ca, "POSTGRES_SSLCERT", certificate)))
                .containsExactly(
                        "POSTGRES_SSLROOTCERT has no effect without TLS: set POSTGRES_SSLMODE to verify-full",
                        "POSTGRES_SSLCERT has no effect without TLS: set POSTGRES_SSLMODE to verify-full");
    }

    @Test
    void a_certificate_and_its_key_belong_together() {
        assertThat(problems(Map.of("POSTGRES_SSLMODE", "require", "POSTGRES_SSLCERT", certificate)))
                .containsExactly("POSTGRES_SSLCERT and POSTGRES_SSLKEY belong together: set both, or neither");
    }

    @Test
    void the_key_of_another_certificate_is_reported() {
        String other =
                TestAuthority.create(files, "other").client("orders").key().toString();

        assertThat(identityProblems(certificate, other))
                .containsExactly("POSTGRES_SSLKEY: the file " + other + " contains the key of another certificate");
    }

    @Test
    void an_rsa_key_is_accepted() {
        Issued rsa = TestAuthority.create(files, "rsa").rsaClient("orders");

        assertThat(read(Map.of(
                                "POSTGRES_SSLMODE", "require",
                                "POSTGRES_SSLCERT", rsa.certificate().toString(),
                                "POSTGRES_SSLKEY", rsa.key().toString()))
                        .jdbcProperties())
                .containsEntry("pemKeyAlgorithm", "RSA");
    }

    @Test
    void a_key_that_others_may_read_is_reported() throws IOException {
        Path open = Files.copy(Path.of(key), files.resolve("open.key"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rw-r--r--"));

        assertThat(identityProblems(certificate, open.toString()))
                .containsExactly("POSTGRES_SSLKEY: the file " + open
                        + " must not be accessible to others: only its owner may read it (mode 0600), or root owns it and"
                        + " its group may read it (0640)");
    }

    @ParameterizedTest
    @CsvSource({
        "BEGIN RSA PRIVATE KEY, contains a key that is encrypted or not in PKCS #8 form: convert it with openssl pkcs8 -topk8 -nocrypt",
        "BEGIN ENCRYPTED PRIVATE KEY, contains a key that is encrypted or not in PKCS #8 form: convert it with openssl pkcs8 -topk8 -nocrypt",
        "BEGIN CERTIFICATE, contains no private key in PEM form (BEGIN PRIVATE KEY)"
    })
    void a_key_in_another_form_is_reported_with_the_way_to_convert_it(String begin, String problem) throws IOException {
        Path other = Files.writeString(files.resolve("other.key"), "-----" + begin + "-----\nAAAA\n");

        assertThat(identityProblems(certificate, other.toString()))
                .containsExactly("POSTGRES_SSLKEY: the file " + other + " " + problem);
    }

    @ParameterizedTest
    @ValueSource(strings = {"key.p12", "key.der", "KEY.PFX"})
    void a_name_that_the_jdbc_driver_takes_for_another_form_is_reported(String name) throws IOException {
        Path renamed = files.resolve(name);
        Files.copy(Path.of(key), renamed);
        Files.setPosixFilePermissions(renamed, PosixFilePermissions.fromString("rw-------"));

        assertThat(identityProblems(certificate, renamed.toString()))
                .containsExactly("POSTGRES_SSLKEY must be a PEM file, whose name does not end with .p12, .pfx or .der,"
                        + " but was " + renamed);
    }

    @Test
    void files_that_are_no_certificates_are_reported() throws IOException {
        Path text = Files.writeString(files.resolve("text.pem"), "not a certificate");

        assertThat(problems(Map.of("POSTGRES_SSLMODE", "verify-full", "POSTGRES_SSLROOTCERT", text.toString())))
                .singleElement()
                .asString()
                .startsWith("POSTGRES_SSLROOTCERT: the file " + text + " contains no ");
        assertThat(problems(Map.of("POSTGRES_SSLMODE", "verify-full", "POSTGRES_SSLROOTCERT", "/no/such.pem")))
                .containsExactly("POSTGRES_SSLROOTCERT: the file /no/such.pem does not exist");
    }

    private static List<String> identityProblems(String certificateFile, String keyFile) {
        return problems(
                Map.of("POSTGRES_SSLMODE", "require", "POSTGRES_SSLCERT", certificateFile, "POSTGRES_SSLKEY", keyFile));
    }

    private static List<String> problems(Map<String, String> settings) {
        return catchThrowableOfType(SettingsException.class, () -> read(settings))
                .problems();
    }

    private static PostgresTls read(Map<String, String> settings) {
        Env env = new Env(settings);
        PostgresTls tls = PostgresTls.read(env);
        return env.build("order-service", () -> tls);
    }
}
