package dev.lockstep.runtime;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;

/**
 * How to connect to Kafka. Any client property can be set.
 *
 * @param properties by Kafka's own names; properties for one type of client start with {@code consumer.}, {@code producer.} or {@code
 *     admin.} and take precedence over the properties for all clients
 */
public record KafkaConfig(String bootstrapServers, Map<String, String> properties) {
    private static final String PREFIX = "KAFKA_";
    private static final String BOOTSTRAP_SERVERS = "KAFKA_BOOTSTRAP_SERVERS";
    private static final Pattern BOOTSTRAP_FORM =
            Pattern.compile("\\s*[^\\s,]+:\\d{1,5}\\s*(,\\s*[^\\s,]+:\\d{1,5}\\s*)*");

    /** The types of Kafka client, each with the properties that it supports. */
    private enum ClientType {
        CONSUMER("consumer."),
        PRODUCER("producer."),
        ADMIN("admin.");

        private final String prefix;

        ClientType(String prefix) {
            this.prefix = prefix;
        }

        private ConfigDef definition() {
            return switch (this) {
                case CONSUMER -> ConsumerConfig.configDef();
                case PRODUCER -> ProducerConfig.configDef();
                case ADMIN -> AdminClientConfig.configDef();
            };
        }

        boolean supports(String property) {
            return definition().names().contains(property);
        }

        /** Why Kafka rejects the value, or an empty string if it is valid. */
        String problem(String property, String value) {
            ConfigDef.ConfigKey key = definition().configKeys().get(property);
            if (key == null) {
                return "";
            }
            try {
                Object parsed = ConfigDef.parseType(property, value, key.type);
                if (key.validator != null) {
                    key.validator.ensureValid(property, parsed);
                }
                return "";
            } catch (ConfigException e) {
                return String.valueOf(e.getMessage());
            }
        }

        boolean isSecret(String property) {
            ConfigDef.ConfigKey key = definition().configKeys().get(property);
            return key != null && key.type == ConfigDef.Type.PASSWORD;
        }

        boolean showable(String property) {
            ConfigDef.ConfigKey key = definition().configKeys().get(property);
            return key != null && key.type != ConfigDef.Type.PASSWORD;
        }
    }

    public KafkaConfig {
        properties = Map.copyOf(properties);
    }

    /**
     * Reads the settings that start with {@code KAFKA_}. Properties that Kafka declares as passwords can be given as files, as {@link
     * Env#secret} says. {@link Env#build} reports problems with them.
     */
    public static KafkaConfig read(Env env) {
        String bootstrapServers =
                env.required(BOOTSTRAP_SERVERS, "the addresses of the Kafka brokers, e.g. 127.0.0.1:9092");
        env.check(
                bootstrapServers.isEmpty()
                        || BOOTSTRAP_FORM.matcher(bootstrapServers).matches(),
                BOOTSTRAP_SERVERS + " must be a comma-separated list of host:port, but was \"" + bootstrapServers
                        + "\"");
        Map<String, String> properties = new TreeMap<>();
        env.startingWith(PREFIX).forEach((name, value) -> {
            String variable = isSecretFile(name) ? name.substring(0, name.length() - Env.SECRET_FILE.length()) : name;
            String property = propertyOf(variable);
            if (isSecret(property)) {
                // Both variables of a secret lead here if both are set, which is a problem that is reported once.
                if (!properties.containsKey(property)) {
                    env.secret(variable).ifPresent(secret -> put(env, properties, variable, secret.value()));
                }
            } else if (!name.equals(BOOTSTRAP_SERVERS)) {
                put(env, properties, variable, value);
            }
        });
        return new KafkaConfig(bootstrapServers, properties);
    }

    private static void put(Env env, Map<String, String> properties, String variable, String value) {
        String property = propertyOf(variable);
        String problem = problem(property, value);
        env.check(problem.isEmpty(), variable + " is rejected by Kafka: " + problem);
        properties.put(property, value);
    }

    // Some properties of Kafka end with ".file" themselves.
    private static boolean isSecretFile(String variable) {
        return variable.endsWith(Env.SECRET_FILE)
                && isSecret(propertyOf(variable.substring(0, variable.length() - Env.SECRET_FILE.length())));
    }

    private static boolean isSecret(String property) {
        return kinds(property).anyMatch(kind -> kind.isSecret(withoutPrefix(property)));
    }

    /** Properties for a consumer. A consumer never creates a missing topic. */
    public Map<String, String> consumer() {
        Map<String, String> consumer = new TreeMap<>(Map.of("allow.auto.create.topics", "false"));
        consumer.putAll(of(ClientType.CONSUMER));
        return Map.copyOf(consumer);
    }

    /** Properties for a producer. */
    public Map<String, String> producer() {
        return of(ClientType.PRODUCER);
    }

    /** Properties for an admin client. */
    public Map<String, String> admin() {
        return of(ClientType.ADMIN);
    }

    /**
     * Environment variables that set a property which no Kafka client supports. The property is passed on nevertheless, because a plug-in
     * may read it.
     */
    public Set<String> unknownVariables() {
        return properties.keySet().stream()
                .filter(property -> kinds(property).noneMatch(kind -> kind.supports(withoutPrefix(property))))
                .map(KafkaConfig::variableOf)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    // A property that this type of client does not support is left out if another type supports it: the client would
    // only log a warning.
    private Map<String, String> of(ClientType kind) {
        Map<String, String> found = new TreeMap<>();
        properties.forEach((property, value) -> {
            boolean forAll = kinds(property).count() > 1;
            if (forAll && (kind.supports(property) || kinds(property).noneMatch(other -> other.supports(property)))) {
                found.put(property, value);
            }
        });
        properties.forEach((property, value) -> {
            if (property.startsWith(kind.prefix)) {
                found.put(withoutPrefix(property), value);
            }
        });
        found.put("bootstrap.servers", bootstrapServers);
        return Map.copyOf(found);
    }

    private static String problem(String property, String value) {
        return kinds(property)
                .map(kind -> kind.problem(withoutPrefix(property), value))
                .filter(problem -> !problem.isEmpty())
                .findFirst()
                .orElse("");
    }

    private static Stream<ClientType> kinds(String property) {
        Stream<ClientType> owner = Stream.of(ClientType.values()).filter(kind -> property.startsWith(kind.prefix));
        return withoutPrefix(property).equals(property) ? Stream.of(ClientType.values()) : owner;
    }

    private static String withoutPrefix(String property) {
        for (ClientType kind : ClientType.values()) {
            if (property.startsWith(kind.prefix)) {
                return property.substring(kind.prefix.length());
            }
        }
        return property;
    }

    private static String propertyOf(String variable) {
        return variable.substring(PREFIX.length()).toLowerCase(Locale.ROOT).replace('_', '.');
    }

    /** The environment variable that sets a client property. */
    public static String variableOf(String property) {
        return PREFIX + property.toUpperCase(Locale.ROOT).replace('.', '_');
    }

    /** Masks every value that is not known to be safe to show. */
    @JsonValue
    @Override
    public String toString() {
        SortedMap<String, String> shown = new TreeMap<>();
        properties.forEach((property, value) -> shown.put(
                property, kinds(property).anyMatch(kind -> kind.showable(withoutPrefix(property))) ? value : "***"));
        return "KafkaConfig[bootstrapServers=" + bootstrapServers + ", properties=" + shown + "]";
    }
}
