package dev.lockstep.launcher;

import dev.lockstep.messaging.record.PrintableText;
import dev.lockstep.runtime.Env;
import dev.lockstep.runtime.KafkaConfig;
import dev.lockstep.runtime.LogConfig;
import dev.lockstep.runtime.MessagingConfig;
import dev.lockstep.runtime.ServiceMetrics;
import dev.lockstep.runtime.SettingsException;
import dev.lockstep.runtime.StartException;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs a service as a process: handles signals and sets the exit code. */
final class ServiceProcess {
    private static final Logger LOGGER = LoggerFactory.getLogger(ServiceProcess.class);
    private static final int MAX_LINE_LENGTH = 2_000;
    private static final Duration START_CANCEL_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration TOPICS_TIMEOUT = Duration.ofMinutes(1);

    private ServiceProcess() {}

    static void run(
            String service, Function<Map<String, String>, RunningService> start, Map<String, String> environment) {
        AtomicReference<RunningService> running = new AtomicReference<>();
        // A stop signal and a failed start can race. The first one decides the exit code and the message.
        AtomicBoolean ends = new AtomicBoolean();
        Thread starting = Thread.currentThread();
        Runtime.getRuntime()
                .addShutdownHook(Thread.ofPlatform().name(service + "-stop").unstarted(() -> {
                    if (ends.getAndSet(true)) {
                        return;
                    }
                    if (running.get() == null) {
                        cancelStart(starting);
                    }
                    RunningService open = running.get();
                    if (open != null) {
                        open.close();
                    }
                    // By default a JVM that a signal ends exits with 143. A service that stopped as requested exits
                    // with 0.
                    Runtime.getRuntime().halt(ExitCode.STOPPED);
                }));
        try {
            running.set(start.apply(environment));
        } catch (RuntimeException | Error e) {
            if (!ends.getAndSet(true)) {
                fail(service, e);
            }
        }
    }

    static void createTopics(String service, List<String> topics, Map<String, String> environment) {
        try {
            TopicProvisioner provisioner = topicProvisioner(service, topics, new Env(environment));
            Optional<String> problem = provision(provisioner);
            if (problem.isPresent()) {
                exit(ExitCode.FAILED, problem.get());
            }
            LOGGER.atInfo()
                    .addKeyValue("service", service)
                    .addKeyValue("count", provisioner.count())
                    .log("all topics exist");
            // The threads of Vert.x would keep the process alive.
            System.exit(ExitCode.STOPPED);
        } catch (SettingsException e) {
            exit(ExitCode.MISCONFIGURED, String.valueOf(e.getMessage()));
        }
    }

    /** Why topics are still missing at the end of the time limit, or empty if all exist. */
    private static Optional<String> provision(TopicProvisioner provisioner) {
        provisioner.start();
        try {
            provisioner
                    .provisioned()
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(TOPICS_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
            return Optional.empty();
        } catch (TimeoutException e) {
            return provisioner.problem();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.of("interrupted while the topics were created");
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    private static TopicProvisioner topicProvisioner(String service, List<String> topics, Env env) {
        KafkaConfig kafka = KafkaConfig.read(env);
        MessagingConfig.Topics configured = MessagingConfig.Topics.read(env);
        LogConfig.read(env);
        return env.build(
                service, () -> new TopicProvisioner(vertx(), service, kafka, configured.withCreate(true), topics));
    }

    private static Vertx vertx() {
        return Vertx.vertx(new VertxOptions().setFileSystemOptions(ServiceMetrics.withoutFileCache()));
    }

    static void rejectCommand(String service, String... command) {
        exit(
                ExitCode.MISCONFIGURED,
                service + " has no command \"" + String.join(" ", command)
                        + "\": without a command it runs the service, and \"topics\" creates its topics");
    }

    // A start that is interrupted closes the parts it has opened. It may also complete before the interrupt reaches it.
    private static void cancelStart(Thread starting) {
        starting.interrupt();
        try {
            starting.join(START_CANCEL_TIMEOUT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void fail(String service, Throwable failure) {
        if (failure instanceof SettingsException) {
            exit(ExitCode.MISCONFIGURED, String.valueOf(failure.getMessage()));
        } else {
            LOGGER.atDebug().setCause(failure).addKeyValue("service", service).log("start failed");
            exit(ExitCode.FAILED, service + " cannot start: " + reason(failure));
        }
    }

    // The message of a StartException is complete. For any other exception the type is part of the message, and the
    // root cause holds the useful information.
    private static String reason(Throwable failure) {
        if (failure instanceof StartException) {
            return oneLine(String.valueOf(failure.getMessage()));
        }
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        String text = root.equals(failure) ? failure.toString() : failure + ", caused by " + root;
        return oneLine(text) + " (LOG_LEVEL=debug shows the stack trace)";
    }

    private static String oneLine(String text) {
        return text.strip().replaceAll("\\s*\\R\\s*", "; ");
    }

    private static void exit(int code, String message) {
        // checkstyle off: consoleOutput, what a command says before it fails belongs on standard error
        // A SettingsException has one line per problem. The lines quote setting values and server messages, so they are
        // made printable.
        message.lines().map(line -> PrintableText.of(line, MAX_LINE_LENGTH)).forEach(System.err::println);
        // checkstyle on: consoleOutput
        System.exit(code);
    }
}
