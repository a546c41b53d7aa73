package dev.lockstep.launcher;

import dev.lockstep.messaging.failure.KafkaFailure;
import dev.lockstep.runtime.KafkaConfig;
import dev.lockstep.runtime.MessagingConfig;
import dev.lockstep.runtime.ServiceConfig;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.kafka.admin.KafkaAdminClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.AdminClient;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Creates missing topics of a service and their dead-letter topics: at start, and again if a topic is deleted later. Existing topics are
 * left unchanged. If Kafka is unavailable, this is reported as a problem until all topics have been seen once. Later outages are reported
 * by other checks.
 */
final class TopicProvisioner {
    private static final Logger LOGGER = LoggerFactory.getLogger(TopicProvisioner.class);
    private static final Duration RETRY_INTERVAL = Duration.ofSeconds(1);
    private static final Duration CHECK_INTERVAL = Duration.ofSeconds(3);
    private static final Duration CALL_TIMEOUT = Duration.ofSeconds(5);
    // The client measures its own timeout by the wall clock, which may be set back.
    private static final Duration MAX_WAIT = Duration.ofSeconds(15);
    // Zero would wait for calls in progress.
    private static final long CLOSE_TIMEOUT_MILLIS = 1;
    // A dead letter consists of the original record and the headers that describe the failure, so it can exceed the
    // size limit of the original topic.
    private static final String DEAD_LETTER_MAX_BYTES = Integer.toString(2 * 1024 * 1024);

    private final Vertx vertx;
    private final Context context;
    private final String service;
    private final KafkaConfig kafka;
    private final MessagingConfig.Topics topicConfig;
    private final Set<String> topics = new TreeSet<>();
    private final Promise<Void> allExisted = Promise.promise();
    private volatile Optional<String> problem;

    // Confined to the context.
    private @Nullable Clients clients;
    private String reported = "";
    private boolean closed;
    private long timer = -1;

    /** One connection: that of Vert.x, and Kafka's below it. Only the latter can request the cluster's default replication factor. */
    private record Clients(KafkaAdminClient vertx, AdminClient kafka) {}

    TopicProvisioner(Vertx vertx, ServiceConfig config, List<String> names) {
        this(vertx, config.service(), config.kafka(), config.messaging().topics(), names);
    }

    TopicProvisioner(
            Vertx vertx, String service, KafkaConfig kafka, MessagingConfig.Topics topicConfig, List<String> names) {
        this.vertx = vertx;
        this.context = vertx.getOrCreateContext();
        this.service = service;
        this.kafka = kafka;
        this.topicConfig = topicConfig;
        for (String name : names) {
            topics.add(name);
            topics.add(name + ".dlq");
        }
        this.problem = topics.isEmpty()
                ? Optional.empty()
                : Optional.of("the topics of Kafka at " + kafka.bootstrapServers() + " have not been checked yet");
    }

    void start() {
        if (!topics.isEmpty()) {
            context.runOnContext(start -> check());
        }
    }

    Optional<String> problem() {
        return problem;
    }

    /** The number of topics, including dead-letter topics. */
    int count() {
        return topics.size();
    }

    /** Completes after {@link #start()}, once a check has found or created all topics. */
    Future<Void> provisioned() {
        return allExisted.future();
    }

    private void check() {
        connect()
                .compose(this::provision)
                .recover(failure -> disconnect().otherwiseEmpty().map(disconnected -> outage(failure)))
                .onSuccess(this::finish);
    }

    private void finish(Optional<String> found) {
        if (closed) {
            return;
        }
        problem = found;
        if (found.isEmpty()) {
            allExisted.tryComplete();
        }
        // Logged once per reason, not once per attempt.
        String reason = found.orElse("");
        if (!reason.equals(reported) && !reason.isEmpty()) {
            LOGGER.atWarn().addKeyValue("service", service).log(reason);
        }
        reported = reason;
        Duration pause = found.isPresent() ? RETRY_INTERVAL : CHECK_INTERVAL;
        timer = vertx.setTimer(pause.toMillis(), fired -> check());
    }

    // The client is kept while it gets answers, because opening one for each check costs more than the check. It is
    // opened on a worker thread, because that resolves the names of the brokers.
    private Future<Clients> connect() {
        if (clients != null) {
            return Future.succeededFuture(clients);
        }
        return vertx.executeBlocking(() -> AdminClient.create(properties()))
                .recover(failure -> Future.failedFuture(failure.getCause() == null ? failure : failure.getCause()))
                .compose(created -> {
                    AdminClient opened = Objects.requireNonNull(created);
                    clients = new Clients(KafkaAdminClient.create(vertx, opened), opened);
                    return closed
                            ? disconnect().compose(disconnected -> Future.failedFuture("closed"))
                            : Future.succeededFuture(clients);
                });
    }

    private Future<Void> disconnect() {
        Clients open = clients;
        clients = null;
        return open == null ? Future.succeededFuture() : open.vertx().close(CLOSE_TIMEOUT_MILLIS);
    }

    private Map<String, Object> properties() {
        Map<String, Object> properties = new HashMap<>(Map.of(
                "client.id",
                service + "-topics",
                "reconnect.backoff.ms",
                "1000",
                "request.timeout.ms",
                String.valueOf(CALL_TIMEOUT.toMillis()),
                "default.api.timeout.ms",
                String.valueOf(CALL_TIMEOUT.toMillis())));
        properties.putAll(kafka.admin());
        return properties;
    }

    private Future<Optional<String>> provision(Clients connected) {
        return bounded(connected.vertx().listTopics()).compose(existing -> {
            Set<String> missing = new TreeSet<>(topics);
            missing.removeAll(existing);
            if (missing.isEmpty()) {
                return Future.succeededFuture(Optional.empty());
            }
            return topicConfig.create()
                    ? create(connected.kafka(), missing)
                    : requireDescribable(connected.kafka(), missing).map(described -> Optional.of(missing(missing)));
        });
    }

    // A list leaves out the topics that this client may not describe. Asked for by name, Kafka tells them apart from
    // missing ones. Fails if Kafka denies access to any.
    private Future<Void> requireDescribable(AdminClient kafkaClient, Set<String> unlisted) {
        Set<String> denied = new TreeSet<>();
        List<Future<Void>> answers = new ArrayList<>();
        kafkaClient
                .describeTopics(unlisted)
                .topicNameValues()
                .forEach((name, described) ->
                        answers.add(bounded(Future.fromCompletionStage(described.toCompletionStage(), context))
                                .<Void>mapEmpty()
                                .recover(failure -> switch (failure) {
                                    case UnknownTopicOrPartitionException missing -> Future.succeededFuture();
                                    case TopicAuthorizationException forbidden -> {
                                        denied.add(name);
                                        yield Future.succeededFuture();
                                    }
                                    default -> Future.failedFuture(failure);
                                })));
        return Future.all(answers)
                .compose(all -> denied.isEmpty()
                        ? Future.succeededFuture()
                        : Future.failedFuture(new TopicAuthorizationException(denied)));
    }

    private Future<Optional<String>> create(AdminClient kafkaClient, Set<String> missing) {
        Map<String, KafkaFuture<Void>> created = kafkaClient
                .createTopics(missing.stream().map(this::topic).toList())
                .values();
        List<Future<Optional<String>>> outcomes = missing.stream()
                .map(name -> outcome(name, Objects.requireNonNull(created.get(name))))
                .toList();
        return Future.all(outcomes).map(all -> {
            List<String> refused = outcomes.stream()
                    .map(Future::result)
                    .flatMap(Optional::stream)
                    .toList();
            return refused.isEmpty()
                    ? Optional.empty()
                    : Optional.of("Kafka at " + kafka.bootstrapServers() + " did not create the topics "
                            + String.join(", ", refused)
                            + "; see TOPIC_CREATE, TOPIC_PARTITIONS, TOPIC_REPLICATION_FACTOR");
        });
    }

    /** The topic and why Kafka refused to create it, or empty. */
    private Future<Optional<String>> outcome(String name, KafkaFuture<Void> created) {
        return bounded(Future.fromCompletionStage(created.toCompletionStage(), context))
                .onSuccess(done -> LOGGER.atInfo()
                        .addKeyValue("service", service)
                        .addKeyValue("topic", name)
                        .log("topic created"))
                .map(Optional.<String>empty())
                .recover(failure -> {
                    if (failure instanceof TimeoutException) {
                        return Future.failedFuture(failure);
                    }
                    // Another service may create the same topic concurrently.
                    return Future.succeededFuture(
                            failure instanceof TopicExistsException
                                    ? Optional.empty()
                                    : Optional.of(name + " (" + reason(failure) + ")"));
                });
    }

    private static <T> Future<T> bounded(Future<T> answer) {
        return answer.timeout(MAX_WAIT.toMillis(), TimeUnit.MILLISECONDS)
                .recover(failure -> Future.failedFuture(
                        failure instanceof CompletionException && failure.getCause() != null
                                ? failure.getCause()
                                : failure));
    }

    private NewTopic topic(String name) {
        NewTopic topic = new NewTopic(name, topicConfig.partitions(), (short) topicConfig.replicationFactor());
        return name.endsWith(".dlq") ? topic.configs(Map.of("max.message.bytes", DEAD_LETTER_MAX_BYTES)) : topic;
    }

    private String missing(Set<String> missing) {
        return "Kafka at " + kafka.bootstrapServers() + " has no topic " + String.join(", ", missing)
                + ", and TOPIC_CREATE is false: create the missing topics";
    }

    private static String reason(Throwable failure) {
        if (failure instanceof TopicAuthorizationException) {
            return "Kafka denies it: its ACLs must grant CREATE, or READ or WRITE if the topic exists, to the user of this"
                    + " client (" + KafkaConfig.variableOf("sasl.jaas.config") + ")";
        }
        return KafkaFailure.describe(failure, KafkaConfig::variableOf)
                .map(refusal -> "Kafka " + refusal)
                .orElse(failure.toString());
    }

    private Optional<String> outage(Throwable failure) {
        Optional<String> refused = KafkaFailure.describe(failure, KafkaConfig::variableOf)
                .map(refusal -> "Kafka at " + kafka.bootstrapServers() + " " + refusal);
        // A problem of the last check, such as a missing topic, may not exist any more.
        return refused.isPresent() || allExisted.future().isComplete() ? refused : Optional.of(unreachable(failure));
    }

    private String unreachable(Throwable failure) {
        boolean unanswered = failure instanceof TimeoutException || failure.getMessage() == null;
        return "Kafka at " + kafka.bootstrapServers() + " (KAFKA_BOOTSTRAP_SERVERS) did not list its topics: "
                + (unanswered ? "no answer" : failure.getMessage());
    }

    /** Ends the checks. A call in progress fails. */
    Future<Void> close() {
        Promise<Void> done = Promise.promise();
        context.runOnContext(stop -> {
            closed = true;
            vertx.cancelTimer(timer);
            disconnect().onComplete(done);
        });
        return done.future();
    }
}
