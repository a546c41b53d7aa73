package dev.lockstep.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.runtime.KafkaConfig;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayNameGeneration(ReplaceUnderscores.class)
class CertificateMetricsIT {
    private static final Duration MONTH = Duration.ofDays(30);
    private static final Duration YEAR = Duration.ofDays(365);

    private final PrometheusMeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

    @TempDir
    Path folder;

    @Test
    void the_expiry_of_each_certificate_is_exported() throws Exception {
        // Given
        Path keystore = store("keystore.p12", "CN=order-service", MONTH);
        Path truststore = store("truststore.p12", "CN=ca", YEAR);

        // When
        CertificateMetrics.register(kafka(keystore, truststore), meters);

        // Then
        assertThat(meters.getMeters()).hasSize(2);
        assertThat(remaining("keystore", "CN=order-service")).isCloseTo((double) MONTH.toSeconds(), within(600.0));
        assertThat(remaining("truststore", "CN=ca")).isCloseTo((double) YEAR.toSeconds(), within(600.0));
        assertThat(meters.scrape())
                .containsPattern("lockstep_certificate_expiry_timestamp_seconds\\{serial=.*,store=.*,subject=.*}");
    }

    @Test
    void without_tls_nothing_is_exported() throws Exception {
        Path store = store("keystore.p12", "CN=order-service", MONTH);
        KafkaConfig plain = new KafkaConfig("127.0.0.1:9092", Map.of("ssl.keystore.location", store.toString()));

        CertificateMetrics.register(plain, meters);

        assertThat(meters.getMeters()).isEmpty();
    }

    @Test
    void a_missing_file_is_not_fatal() {
        CertificateMetrics.register(kafka(folder.resolve("missing"), folder.resolve("missing")), meters);

        assertThat(meters.getMeters()).isEmpty();
    }

    private static KafkaConfig kafka(Path keystore, Path truststore) {
        return new KafkaConfig(
                "127.0.0.1:9092",
                Map.of(
                        "security.protocol", "SASL_SSL",
                        "ssl.keystore.type", "PKCS12",
                        "ssl.keystore.location", keystore.toString(),
                        "ssl.keystore.password", "change-me",
                        "ssl.truststore.type", "PKCS12",
                        "ssl.truststore.location", truststore.toString(),
                        "ssl.truststore.password", "change-me"));
    }

    private double remaining(String store, String subject) {
        double expiry = meters.get("lockstep.certificate.expiry.timestamp")
                .tags("store", store, "subject", subject)
                .gauge()
                .value();
        return expiry - Instant.now().getEpochSecond();
    }

    private Path store(String name, String subject, Duration validity) throws IOException, InterruptedException {
        Path file = folder.resolve(name);
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-keystore",
                        file.toString(),
                        "-storetype",
                        "PKCS12",
                        "-storepass",
                        "change-me",
                        "-alias",
                        "it",
                        "-keyalg",
                        "EC",
                        "-dname",
                        subject,
                        "-validity",
                        Long.toString(validity.toDays()))
                .redirectErrorStream(true)
                .start();
        String output = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(keytool.waitFor()).as(output).isZero();
        return file;
    }
}
