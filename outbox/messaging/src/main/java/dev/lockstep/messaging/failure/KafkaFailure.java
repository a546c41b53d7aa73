package dev.lockstep.messaging.failure;

import java.util.Optional;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;

/** Describes failures of Kafka clients that only other settings or other ACLs can fix. */
public final class KafkaFailure {
    private KafkaFailure() {}

    /**
     * Returns what Kafka refuses and where to look, as the rest of a sentence that starts with "Kafka", such as {@code rejects the login
     * (sasl.mechanism, sasl.jaas.config): ...}. Empty for any other failure.
     */
    public static Optional<String> describe(Throwable failure) {
        return describe(failure, property -> property);
    }

    /**
     * The same with names of settings.
     *
     * @param settingOf maps the name of a client property to that of the setting
     */
    public static Optional<String> describe(Throwable failure, UnaryOperator<String> settingOf) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            String found = describeAlone(each, settingOf);
            if (!found.isEmpty()) {
                return Optional.of(found);
            }
        }
        return Optional.empty();
    }

    private static String describeAlone(Throwable failure, UnaryOperator<String> settingOf) {
        return switch (failure) {
            case SslAuthenticationException tls -> describeTls(tls, settingOf);
            case AuthenticationException login ->
                "rejects the login (%s, %s): %s"
                        .formatted(
                                settingOf.apply("sasl.mechanism"),
                                settingOf.apply("sasl.jaas.config"),
                                login.getMessage());
            case TopicAuthorizationException topics ->
                "denies access to %s: its ACLs must grant READ or WRITE to the user of this client (%s)"
                        .formatted(nameOf(topics), settingOf.apply("sasl.jaas.config"));
            case GroupAuthorizationException group ->
                "denies access to %s: its ACLs must grant READ to the user of this client (%s)"
                        .formatted(nameOf(group), settingOf.apply("sasl.jaas.config"));
            case ClusterAuthorizationException cluster ->
                "denies an operation on the cluster: its ACLs must grant it to the user of this client (%s): %s"
                        .formatted(settingOf.apply("sasl.jaas.config"), cluster.getMessage());
            default -> "";
        };
    }

    // Some answers of a broker do not repeat the name.
    private static String nameOf(TopicAuthorizationException failure) {
        return failure.unauthorizedTopics().isEmpty()
                ? "a topic"
                : "the topic " + String.join(", ", new TreeSet<>(failure.unauthorizedTopics()));
    }

    private static String nameOf(GroupAuthorizationException failure) {
        return failure.groupId() == null ? "the consumer group" : "the consumer group " + failure.groupId();
    }

    private static String describeTls(SslAuthenticationException failure, UnaryOperator<String> settingOf) {
        String reason = root(failure);
        return switch (TlsFailure.of(failure).orElse(TlsFailure.OTHER)) {
            case EXPIRED_CERTIFICATE -> "has a certificate that has expired or is not yet valid: " + reason;
            case UNKNOWN_AUTHORITY ->
                "has a certificate of an authority that this client does not know (%s, %s): %s"
                        .formatted(
                                settingOf.apply("ssl.truststore.location"),
                                settingOf.apply("ssl.truststore.certificates"),
                                reason);
            case WRONG_HOST_NAME ->
                "has a certificate without the host name of the connection (%s, advertised.listeners of the broker): %s"
                        .formatted(settingOf.apply("bootstrap.servers"), reason);
            case REFUSED_CLIENT_CERTIFICATE ->
                "requires a client certificate, or refuses the given one (%s): %s"
                        .formatted(settingOf.apply("ssl.keystore.location"), reason);
            case OTHER ->
                "cannot agree on TLS with this client (%s): %s"
                        .formatted(settingOf.apply("ssl.enabled.protocols"), reason);
        };
    }

    private static String root(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return String.valueOf(root.getMessage());
    }
}
