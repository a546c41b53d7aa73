package dev.lockstep.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.lockstep.embedded.FreePorts;
import dev.lockstep.embedded.LocalKafka;
import dev.lockstep.embedded.LocalKafka.Listener;
import dev.lockstep.messaging.failure.KafkaFailure;
import dev.lockstep.runtime.Env;
import dev.lockstep.runtime.KafkaConfig;
import dev.lockstep.runtime.MessagingConfig.Topics;
import dev.lockstep.testing.Futures;
import dev.lockstep.testing.TestAuthority;
import dev.lockstep.testing.TestKafka;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.metadata.authorizer.StandardAuthorizer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A broker with SASL_SSL, SCRAM and ACLs: what a service with the wrong settings or rights says about it. */
@DisplayNameGeneration(ReplaceUnderscores.class)
@ExtendWith(VertxExtension.class)
@SuppressWarnings("NullAway.Init") // fields that BeforeAll sets
class SecuredKafkaIT {
    private static final String MECHANISM = "SCRAM-SHA-512";
    private static final String OWN_TOPIC = "own.topic";
    private static final String FOREIGN_TOPIC = "foreign.topic";

    @TempDir
    static Path folder;

    private static TestAuthority authority;
    private static LocalKafka kafka;
    private static Admin admin;
    private static String address;

    @BeforeAll
    static void start() throws Exception {
        authority = TestAuthority.create(folder, "kafka-ca");
        Path store = authority.server("kafka", "ip:127.0.0.1").store();
        int port = FreePorts.any();
        address = "127.0.0.1:" + port;
        kafka = LocalKafka.start(
                folder.resolve("kafka"),
                0,
                List.of(new Listener("SECURED", port, port)),
                Map.of(
                        "listener.security.protocol.map",
                        "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURED:SASL_SSL",
                        "listener.name.secured.sasl.enabled.mechanisms",
                        MECHANISM,
                        "listener.name.secured.scram-sha-512.sasl.jaas.config",
                        scram("", ""),
                        "ssl.keystore.type",
                        "PKCS12",
                        "ssl.keystore.location",
                        store.toString(),
                        "ssl.keystore.password",
                        TestAuthority.STORE_PASSWORD,
                        "ssl.key.password",
                        TestAuthority.STORE_PASSWORD,
                        "authorizer.class.name",
                        StandardAuthorizer.class.getName(),
                        "super.users",
                        "User:ANONYMOUS"));
        admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()));
        admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(
                        "orders", new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), "secret")))
                .all()
                .get();
        List<NewTopic> topics = new ArrayList<>();
        for (String topic : List.of(OWN_TOPIC, FOREIGN_TOPIC)) {
            topics.add(new NewTopic(topic, 1, (short) 1));
            topics.add(new NewTopic(topic + ".dlq", 1, (short) 1));
        }
        admin.createTopics(topics).all().get();
        allow(ResourceType.TOPIC, OWN_TOPIC, AclOperation.READ);
        allow(ResourceType.TOPIC, OWN_TOPIC + ".dlq", AclOperation.WRITE);
        allow(ResourceType.GROUP, "order-service", AclOperation.READ);
    }

    @AfterAll
    static void stop() {
        admin.close();
        kafka.close();
    }

    @Test
    void a_user_with_the_right_credentials_and_acls_finds_its_topics(Vertx vertx) {
        TopicProvisioner topics = provisioner(vertx, config(Map.of()), false, OWN_TOPIC);

        topics.start();

        Futures.await(topics.provisioned());
        assertThat(topics.problem()).isEmpty();
        Futures.await(topics.close());
    }

    @Test
    void a_wrong_password_names_the_setting_of_the_login(Vertx vertx) {
        assertReported(
                vertx,
                config(Map.of("KAFKA_SASL_JAAS_CONFIG", scram("orders", "wrong"))),
                "Kafka at " + address + " rejects the login (KAFKA_SASL_MECHANISM, KAFKA_SASL_JAAS_CONFIG): ");
    }

    @Test
    void an_unknown_authority_names_the_setting_of_the_truststore(Vertx vertx) {
        Path foreign = TestAuthority.create(folder, "foreign-ca").store();

        assertReported(
                vertx,
                config(Map.of("KAFKA_SSL_TRUSTSTORE_LOCATION", foreign.toString())),
                "Kafka at " + address + " has a certificate of an authority that this client does not know"
                        + " (KAFKA_SSL_TRUSTSTORE_LOCATION, KAFKA_SSL_TRUSTSTORE_CERTIFICATES): ");
    }

    @Test
    void a_host_name_that_the_certificate_lacks_names_the_setting_of_the_address(Vertx vertx) {
        String byName = address.replace("127.0.0.1", "localhost");

        assertReported(
                vertx,
                config(Map.of("KAFKA_BOOTSTRAP_SERVERS", byName)),
                "Kafka at " + byName + " has a certificate without the host name of the connection"
                        + " (KAFKA_BOOTSTRAP_SERVERS, advertised.listeners of the broker): ");
    }

    @Test
    void topics_without_an_acl_are_named_instead_of_reported_as_missing(Vertx vertx) {
        TopicProvisioner topics = provisioner(vertx, config(Map.of()), false, FOREIGN_TOPIC);

        topics.start();

        awaitProblem(
                topics,
                "Kafka at " + address
                        + " denies access to the topic foreign.topic, foreign.topic.dlq: its ACLs must grant"
                        + " READ or WRITE to the user of this client (KAFKA_SASL_JAAS_CONFIG)");
        Futures.await(topics.close());
    }

    @Test
    void topics_that_this_user_may_not_create_are_named_with_the_missing_right(Vertx vertx) {
        TopicProvisioner topics = provisioner(vertx, config(Map.of()), true, "new.topic");

        topics.start();

        awaitProblem(
                topics,
                "Kafka at " + address
                        + " did not create the topics new.topic (Kafka denies it: its ACLs must grant CREATE");
        Futures.await(topics.close());
    }

    @Test
    void a_consumer_without_an_acl_on_its_group_or_topic_names_them() {
        Throwable group = catchThrowable(() -> consume("other-service", OWN_TOPIC));
        Throwable topic = catchThrowable(() -> consume("order-service", FOREIGN_TOPIC));

        assertThat(KafkaFailure.describe(group, KafkaConfig::variableOf))
                .contains(
                        "denies access to the consumer group other-service: its ACLs must grant READ to the user of this"
                                + " client (KAFKA_SASL_JAAS_CONFIG)");
        assertThat(KafkaFailure.describe(topic, KafkaConfig::variableOf))
                .contains(
                        "denies access to the topic foreign.topic: its ACLs must grant READ or WRITE to the user of this"
                                + " client (KAFKA_SASL_JAAS_CONFIG)");
    }

    private static void consume(String group, String topic) {
        Map<String, Object> settings = new HashMap<>(config(Map.of()).consumer());
        settings.put("group.id", group);
        try (KafkaConsumer<String, String> consumer =
                new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(topic));
            long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
            while (System.nanoTime() < deadline) {
                consumer.poll(Duration.ofMillis(200));
            }
        }
    }

    private static void assertReported(Vertx vertx, KafkaConfig config, String sentence) {
        TopicProvisioner topics = provisioner(vertx, config, false, OWN_TOPIC);
        topics.start();
        awaitProblem(topics, sentence);
        Futures.await(topics.close());
    }

    private static void awaitProblem(TopicProvisioner topics, String sentence) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(topics.problem())
                        .hasValueSatisfying(problem -> assertThat(problem).startsWith(sentence)));
    }

    private static TopicProvisioner provisioner(Vertx vertx, KafkaConfig config, boolean create, String topic) {
        return new TopicProvisioner(vertx, "order-service", config, new Topics(create, 1, 1), List.of(topic));
    }

    private static void allow(ResourceType type, String name, AclOperation operation) {
        TestKafka.await(admin.createAcls(List.of(new AclBinding(
                        new ResourcePattern(type, name, PatternType.LITERAL),
                        new AccessControlEntry("User:orders", "*", operation, AclPermissionType.ALLOW))))
                .all());
    }

    private static KafkaConfig config(Map<String, String> others) {
        Map<String, String> settings = new HashMap<>(Map.of(
                "KAFKA_BOOTSTRAP_SERVERS",
                address,
                "KAFKA_SECURITY_PROTOCOL",
                "SASL_SSL",
                "KAFKA_SASL_MECHANISM",
                MECHANISM,
                "KAFKA_SASL_JAAS_CONFIG",
                scram("orders", "secret"),
                "KAFKA_SSL_TRUSTSTORE_TYPE",
                "PKCS12",
                "KAFKA_SSL_TRUSTSTORE_LOCATION",
                authority.store().toString(),
                "KAFKA_SSL_TRUSTSTORE_PASSWORD",
                TestAuthority.STORE_PASSWORD));
        settings.putAll(others);
        Env env = new Env(settings);
        KafkaConfig config = KafkaConfig.read(env);
        return env.build("order-service", () -> config);
    }

    private static String scram(String user, String password) {
        return "org.apache.kafka.common.security.scram.ScramLoginModule required"
                + (user.isEmpty() ? ";" : " username=\"" + user + "\" password=\"" + password + "\";");
    }
}
