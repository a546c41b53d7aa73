package dev.lockstep.messaging.failure;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class KafkaFailureTest {
    @Test
    void a_rejected_login_names_the_properties_of_the_login() {
        assertThat(KafkaFailure.describe(new SaslAuthenticationException("invalid credentials")))
                .contains("rejects the login (sasl.mechanism, sasl.jaas.config): invalid credentials");
    }

    @Test
    void denied_access_names_the_resource_even_if_the_failure_is_a_cause() {
        assertThat(KafkaFailure.describe(new KafkaException(
                        "no offsets", new TopicAuthorizationException(Set.of("b.topic", "a.topic")))))
                .contains(
                        "denies access to the topic a.topic, b.topic: its ACLs must grant READ or WRITE to the user of"
                                + " this client (sasl.jaas.config)");
        assertThat(KafkaFailure.describe(GroupAuthorizationException.forGroupId("order-service")))
                .contains(
                        "denies access to the consumer group order-service: its ACLs must grant READ to the user of this"
                                + " client (sasl.jaas.config)");
        assertThat(KafkaFailure.describe(new ClusterAuthorizationException("no right to create")))
                .contains("denies an operation on the cluster: its ACLs must grant it to the user of this client"
                        + " (sasl.jaas.config): no right to create");
    }

    @Test
    void failures_of_tls_are_told_apart() {
        assertThat(Map.of(
                        "unknown authority", describe(handshake(new CertPathBuilderException("no path"))),
                        "wrong name", describe(handshake(new CertificateException("no name b"))),
                        "expired",
                                describe(handshake(new CertPathBuilderException(
                                        "no path", new CertificateExpiredException("old")))),
                        "client", describe(new SSLHandshakeException("Received fatal alert: certificate_required")),
                        "other", describe(new SSLHandshakeException("Received fatal alert: protocol_version"))))
                .isEqualTo(Map.of(
                        "unknown authority",
                                "has a certificate of an authority that this client does not know"
                                        + " (ssl.truststore.location, ssl.truststore.certificates): no path",
                        "wrong name",
                                "has a certificate without the host name of the connection (bootstrap.servers,"
                                        + " advertised.listeners of the broker): no name b",
                        "expired", "has a certificate that has expired or is not yet valid: old",
                        "client",
                                "requires a client certificate, or refuses the given one (ssl.keystore.location): Received"
                                        + " fatal alert: certificate_required",
                        "other",
                                "cannot agree on TLS with this client (ssl.enabled.protocols): Received fatal alert:"
                                        + " protocol_version"));
    }

    @Test
    void properties_can_have_the_names_of_settings() {
        assertThat(KafkaFailure.describe(
                        new SaslAuthenticationException("no"), property -> property.toUpperCase(Locale.ROOT)))
                .contains("rejects the login (SASL.MECHANISM, SASL.JAAS.CONFIG): no");
    }

    @Test
    void other_failures_have_no_description() {
        assertThat(KafkaFailure.describe(new TimeoutException("no answer"))).isEmpty();
        assertThat(TlsFailure.of(new TimeoutException("no answer"))).isEmpty();
    }

    private static String describe(SSLException failure) {
        return KafkaFailure.describe(new SslAuthenticationException("SSL handshake failed", failure))
                .orElse("");
    }

    private static SSLException handshake(Exception cause) {
        SSLHandshakeException failure = new SSLHandshakeException("failed");
        failure.initCause(cause);
        return failure;
    }
}
