package dev.lockstep.launcher;

import dev.lockstep.runtime.KafkaConfig;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.security.ssl.DefaultSslEngineFactory;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Exports when the certificates expire with which the Kafka clients identify themselves and verify the brokers. The clients read them when
 * they start, so a file that is replaced later changes neither the clients nor these metrics.
 */
final class CertificateMetrics {
    private static final Logger LOGGER = LoggerFactory.getLogger(CertificateMetrics.class);

    private CertificateMetrics() {}

    /** Registers the certificates of all Kafka clients. Certificates that cannot be read are only logged; the clients report them too. */
    static void register(KafkaConfig kafka, MeterRegistry meters) {
        for (Map<String, String> client : List.of(kafka.consumer(), kafka.producer(), kafka.admin())) {
            if (usesTls(client)) {
                register(client, meters);
            }
        }
    }

    private static boolean usesTls(Map<String, String> client) {
        return client.getOrDefault(AdminClientConfig.SECURITY_PROTOCOL_CONFIG, "")
                .endsWith("SSL");
    }

    private static void register(Map<String, String> client, MeterRegistry meters) {
        try (DefaultSslEngineFactory tls = new DefaultSslEngineFactory()) {
            tls.configure(AdminClientConfig.configDef().parse(client));
            register("keystore", tls.keystore(), meters);
            register("truststore", tls.truststore(), meters);
        } catch (KafkaException | GeneralSecurityException failure) {
            LOGGER.atWarn()
                    .addKeyValue("error", String.valueOf(failure))
                    .log("the certificates of the Kafka clients cannot be read, their expiry is not exported");
        }
    }

    private static void register(String name, @Nullable KeyStore store, MeterRegistry meters)
            throws GeneralSecurityException {
        if (store == null) {
            return;
        }
        for (String alias : Collections.list(store.aliases())) {
            if (store.getCertificate(alias) instanceof X509Certificate certificate) {
                Gauge.builder(
                                "lockstep.certificate.expiry.timestamp",
                                () -> certificate.getNotAfter().toInstant().getEpochSecond())
                        .description("when the certificate expires, in seconds since 1970")
                        .baseUnit("seconds")
                        .tags(
                                "store",
                                name,
                                "subject",
                                certificate.getSubjectX500Principal().getName(),
                                "serial",
                                certificate.getSerialNumber().toString(16))
                        .register(meters);
            }
        }
    }
}
