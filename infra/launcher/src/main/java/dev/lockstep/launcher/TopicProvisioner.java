package dev.lockstep.launcher;

import dev.lockstep.runtime.KafkaConfig;
import dev.lockstep.runtime.MessagingConfig;
import dev.lockstep.runtime.ServiceConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.errors.TopicExistsException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Creates missing topics of a service and their dead-letter topics: at start, and again if a topic is deleted later. Existing topics are
 * left unchanged. If Kafka is unavailable, this is reported as a problem until all topics have been seen once. Later outages are reported
 * by other checks.
 */
final class TopicProvisioner implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(TopicProvisioner.class);
    private static final Duration RETRY_INTERVAL = Duration.ofSeconds(1);
    private static final Duration CHECK_INTERVAL = Duration.ofSeconds(3);
    private static final Duration CALL_TIMEOUT = Duration.ofSeconds(5);
    // The client measures its own timeout by the wall clock, which may be set back.
    private static final Duration MAX_WAIT = Duration.ofSeconds(15);
    // A dead letter consists of the original record and the headers that describe the failure, so it can exceed the
    // size limit of the original topic.
    private static final String DEAD_LETTER_MAX_BYTES = Integer.toString(2 * 1024 * 1024);

    private final String service;
    private final KafkaConfig kafka;
    private final MessagingConfig.Topics topicConfig;
    private final Set<String> topics = new TreeSet<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile Optional<String> problem;
    private boolean allExistedOnce;
    private @Nullable Admin admin;
    private final Thread thread;

    TopicProvisioner(ServiceConfig config, List<String> names) {
        this.service = config.service();
        this.kafka = config.kafka();
        this.topicConfig = config.messaging().topics();
        for (String name : names) {
            topics.add(name);
            topics.add(name + ".dlq");
        }
        this.problem = topics.isEmpty()
                ? Optional.empty()
                : Optional.of("the topics of Kafka at " + kafka.bootstrapServers() + " have not been checked yet");
        this.thread = Thread.ofPlatform().name(service + "-topics").daemon().unstarted(this::run);
    }

    void start() {
        if (!topics.isEmpty()) {
            thread.start();
        }
    }

    Optional<String> problem() {
        return problem;
    }

    private void run() {
        String reported = "";
        try {
            do {
                problem = attempt();
                allExistedOnce = allExistedOnce || problem.isEmpty();
                // Logged once per reason, not once per attempt.
                String reason = problem.orElse("");
                if (!reason.equals(reported) && !reason.isEmpty()) {
                    LOGGER.atWarn().addKeyValue("service", service).log(reason);
                }
                reported = reason;
            } while (!closed.await(pause().toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            disconnect();
        }
    }

    private Duration pause() {
        return problem.isPresent() ? RETRY_INTERVAL : CHECK_INTERVAL;
    }

    private Optional<String> attempt() throws InterruptedException {
        try {
            Admin connected = connect();
            Set<String> missing = new TreeSet<>(topics);
            missing.removeAll(await(connected.listTopics().names()));
            if (missing.isEmpty()) {
                return Optional.empty();
            }
            return topicConfig.create() ? create(connected, missing) : Optional.of(missing(missing));
        } catch (ExecutionException | TimeoutException | KafkaException e) {
            disconnect();
            // A problem of the last check, such as a missing topic, may not exist any more.
            return allExistedOnce
                    ? Optional.empty()
                    : Optional.of(unreachable(e.getCause() == null ? e : e.getCause()));
        }
    }

    // The client is kept while it gets answers, because opening one for each check costs more than the check.
    private Admin connect() {
        if (admin == null) {
            admin = Admin.create(properties());
        }
        return admin;
    }

    private void disconnect() {
        if (admin != null) {
            admin.close(Duration.ZERO);
            admin = null;
        }
    }

    private static <T> T await(KafkaFuture<T> answer)
            throws InterruptedException, ExecutionException, TimeoutException {
        return answer.get(MAX_WAIT.toMillis(), TimeUnit.MILLISECONDS);
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

    private Optional<String> create(Admin connected, Set<String> missing)
            throws InterruptedException, TimeoutException {
        List<NewTopic> wanted = missing.stream().map(this::topic).toList();
        List<String> refused = new ArrayList<>();
        for (var created : connected.createTopics(wanted).values().entrySet()) {
            try {
                await(created.getValue());
                LOGGER.atInfo()
                        .addKeyValue("service", service)
                        .addKeyValue("topic", created.getKey())
                        .log("topic created");
            } catch (ExecutionException e) {
                // Another service may create the same topic concurrently.
                if (!(e.getCause() instanceof TopicExistsException)) {
                    refused.add(created.getKey() + " (" + e.getCause() + ")");
                }
            }
        }
        return refused.isEmpty()
                ? Optional.empty()
                : Optional.of("Kafka at " + kafka.bootstrapServers() + " did not create the topics "
                        + String.join(", ", refused)
                        + "; see TOPIC_CREATE, TOPIC_PARTITIONS, TOPIC_REPLICATION_FACTOR");
    }

    private NewTopic topic(String name) {
        NewTopic topic = new NewTopic(name, topicConfig.partitions(), (short) topicConfig.replicationFactor());
        return name.endsWith(".dlq") ? topic.configs(Map.of("max.message.bytes", DEAD_LETTER_MAX_BYTES)) : topic;
    }

    private String missing(Set<String> missing) {
        return "Kafka at " + kafka.bootstrapServers() + " has no topic " + String.join(", ", missing)
                + ", and TOPIC_CREATE is false: create the missing topics";
    }

    private String unreachable(Throwable failure) {
        return "Kafka at " + kafka.bootstrapServers() + " (KAFKA_BOOTSTRAP_SERVERS) did not list its topics: "
                + (failure.getMessage() == null ? "no answer" : failure.getMessage());
    }

    @Override
    public void close() {
        closed.countDown();
        thread.interrupt();
    }
}
