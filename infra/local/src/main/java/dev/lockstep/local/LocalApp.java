package dev.lockstep.local;

import dev.lockstep.embedded.LocalKafka;
import dev.lockstep.embedded.PrivateFiles;
import dev.lockstep.embedded.Umask;
import dev.lockstep.launcher.ExitCode;
import dev.lockstep.runtime.SettingsException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The main class of the local stack: reads options and settings, prints progress and sets the exit code. {@code ./up} builds and starts it.
 */
public final class LocalApp {
    private LocalApp() {}

    public static void main(String[] options) {
        // checkstyle off: consoleOutput, the progress is the output of this command
        Console console = new Console(System.out);
        Console errors = new Console(System.err);
        // checkstyle on: consoleOutput
        try {
            run(LocalConfig.from(List.of(options), System.getenv()), console, errors);
        } catch (SettingsException cause) {
            errors.line(String.valueOf(cause.getMessage()));
            System.exit(ExitCode.MISCONFIGURED);
        }
    }

    private static void run(LocalConfig config, Console console, Console errors) {
        Umask.restrictToOwner();
        PrivateFiles.createFolder(config.data());
        // Set before the first logger is created: the console shows progress, so the log goes to a file.
        System.setProperty("logback.configurationFile", "logback-local.xml");
        System.setProperty("lockstep.logs", config.data().resolve("logs").toString());

        LocalStack stack = new LocalStack(config, console);
        CountDownLatch startEnded = new CountDownLatch(1);
        AtomicInteger exitCode = new AtomicInteger(ExitCode.STOPPED);
        Runtime.getRuntime()
                .addShutdownHook(Thread.ofPlatform().name("local-stop").unstarted(() -> {
                    stop(stack, startEnded, console);
                    // By default a JVM that a signal ends exits with 130 or 143. A stack that stopped as requested
                    // exits with 0.
                    Runtime.getRuntime().halt(LocalKafka.hasFailed() ? ExitCode.FAILED : exitCode.get());
                }));

        long begun = System.nanoTime();
        console.line("Lockstep is starting, its data is in " + config.data());
        try {
            stack.start();
            if (!stack.isStopping()) {
                StartupBanner.show(console, config, stack, Console.seconds(begun));
            }
        } catch (RuntimeException cause) {
            if (!stack.isStopping()) {
                exitCode.set(ExitCode.FAILED);
                errors.line(explain(cause, config));
            }
        } finally {
            startEnded.countDown();
        }
        if (exitCode.get() == ExitCode.FAILED) {
            System.exit(ExitCode.FAILED);
        }
        stack.awaitStop();
    }

    private static void stop(LocalStack stack, CountDownLatch startEnded, Console console) {
        console.line("");
        stack.stopStarting();
        try {
            // Parts that are starting can only be stopped once they have started.
            startEnded.await();
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
        }
        stack.close();
    }

    private static String explain(RuntimeException cause, LocalConfig config) {
        if (cause instanceof LocalException || cause instanceof SettingsException) {
            return String.valueOf(cause.getMessage());
        }
        return cause.getMessage() + System.lineSeparator() + "See the log for details: "
                + config.data().resolve("logs/lockstep.log");
    }
}
