package dev.lockstep.faults;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import net.bytebuddy.agent.ByteBuddyAgent;
import org.jspecify.annotations.Nullable;

/**
 * A process that is restarted whenever it ends, as systemd or Kubernetes would do, unless restarts are disabled. Its output goes to a
 * log.
 */
final class SupervisedProcess implements AutoCloseable {
    private static final Duration RESTART_PAUSE = Duration.ofMillis(200);
    private static final Duration STOP_LIMIT = Duration.ofSeconds(30);

    private final String name;
    private final List<String> command;
    private final Map<String, String> environment;
    private final Path log;
    private boolean restartEnabled;
    private @Nullable Process process;
    private final List<Integer> exitCodes = new ArrayList<>();
    private int starts;

    SupervisedProcess(String name, List<String> command, Map<String, String> environment, Path log) {
        this.name = name;
        this.command = List.copyOf(command);
        this.environment = Map.copyOf(environment);
        this.log = log;
    }

    String name() {
        return name;
    }

    /** Starts the process and enables restarts. */
    synchronized void start() {
        restartEnabled = true;
        launch();
    }

    /** The number of starts so far. */
    synchronized int starts() {
        return starts;
    }

    /** Loads an agent into the running process, and returns when the agent is active. */
    void loadAgent(Path agent, String argument) {
        try {
            ByteBuddyAgent.attach(agent.toFile(), String.valueOf(current().pid()), argument);
        } catch (RuntimeException cause) {
            throw new FaultsException("cannot load an agent into " + name + ": " + cause);
        }
    }

    /** Sends {@code kill -9} and waits for the end. The process is restarted, unless restarts are disabled. */
    void kill() {
        Process running = current();
        running.destroyForcibly();
        running.onExit().join();
    }

    /** Sends {@code kill -9}. The process is not restarted before {@link #start()}. */
    void killWithoutRestart() {
        disableRestart();
        kill();
    }

    /**
     * Asks the process to stop, as a supervisor does when it removes an instance, and returns once it has ended. The process is killed
     * after 30 s and is not restarted.
     */
    void stopWithoutRestart() {
        stopWithoutRestart(STOP_LIMIT);
    }

    /** Like {@link #stopWithoutRestart()}, with another time limit. */
    void stopWithoutRestart(Duration limit) {
        disableRestart();
        Process running = current();
        running.destroy();
        try {
            if (!running.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                running.destroyForcibly();
            }
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            running.destroyForcibly();
        }
        running.onExit().join();
    }

    /** Sends {@code SIGSTOP}: the process exists but does nothing. */
    void freeze() {
        signal("-STOP");
    }

    /** Sends {@code SIGCONT}. */
    void resume() {
        signal("-CONT");
    }

    /**
     * Waits for the end of the given start, the first being 1, and returns its exit code.
     *
     * @throws FaultsException if it does not end within the limit
     */
    int exitCode(int start, Duration limit) {
        Waiting.until(name + " to end", limit, () -> exitCodes().size() >= start);
        return exitCodes().get(start - 1);
    }

    private synchronized List<Integer> exitCodes() {
        return List.copyOf(exitCodes);
    }

    @Override
    public void close() {
        disableRestart();
        Process running;
        synchronized (this) {
            running = process;
        }
        if (running != null) {
            running.destroyForcibly();
            running.onExit().join();
        }
    }

    private synchronized void disableRestart() {
        restartEnabled = false;
    }

    private synchronized Process current() {
        if (process == null) {
            throw new FaultsException(name + " was never started");
        }
        return process;
    }

    private void signal(String signal) {
        Commands.run(List.of("kill", signal, String.valueOf(current().pid())), Duration.ofSeconds(10));
    }

    private synchronized void ended(int exitCode) {
        exitCodes.add(exitCode);
    }

    private synchronized void launch() {
        if (!restartEnabled || (process != null && process.isAlive())) {
            return;
        }
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectInput(Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(Redirect.appendTo(log.toFile()));
        builder.environment().putAll(environment);
        try {
            Process started = builder.start();
            process = started;
            starts++;
            var _ = started.onExit().thenRunAsync(() -> {
                ended(started.exitValue());
                Waiting.pause(RESTART_PAUSE);
                launch();
            });
        } catch (IOException cause) {
            throw new UncheckedIOException("cannot start " + name, cause);
        }
    }
}
