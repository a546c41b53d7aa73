package dev.lockstep.launcher;

import dev.lockstep.messaging.record.PrintableText;
import dev.lockstep.runtime.SettingsException;
import dev.lockstep.runtime.StartException;
import java.time.Duration;
import java.util.Map;
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
