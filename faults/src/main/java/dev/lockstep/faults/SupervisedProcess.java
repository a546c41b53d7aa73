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
import org.jspecify.annotations.Nullable;

/** A process that is started again whenever it ends, as systemd or Kubernetes would, unless it is held. Its output goes to a log. */
final class SupervisedProcess implements AutoCloseable {
    private static final Duration RESTART_PAUSE = Duration.ofMillis(200);
    private static final Duration STOP_LIMIT = Duration.ofSeconds(30);

    private final String name;
    private final List<String> command;
    private final Map<String, String> environment;
    private final Path log;
    private boolean restartEnabled;
    private Map<String, String> nextStartEnvironment = Map.of();
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

    /** Starts it, and from now on again and again. */
    synchronized void start() {
        restartEnabled = true;
        launch();
    }

    /** How often it was started. */
    synchronized int starts() {
        return starts;
    }

    /** Settings of the next start only. */
    synchronized void nextStartWith(Map<String, String> settings) {
        nextStartEnvironment = Map.copyOf(settings);
    }

    /** {@code kill -9}. It comes back, unless it is held. */
    void kill() {
        Process running = current();
        running.destroyForcibly();
        running.onExit().join();
    }

    /** {@code kill -9}, and it does not come back before {@link #start()}. */
    void killWithoutRestart() {
        disableRestart();
        kill();
    }

    /** Asks it to stop, as a supervisor that takes an instance away does. Returns when it has; it does not come back. */
    void stopWithoutRestart() {
        stopWithoutRestart(STOP_LIMIT);
    }

    /** As {@link #stopWithoutRestart()}, with another limit, after which the process is killed. */
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

    /** {@code SIGSTOP}: it is there and does nothing. */
    void freeze() {
        signal("-STOP");
    }

    /** {@code SIGCONT}. */
    void resume() {
        signal("-CONT");
    }

    /** The exit code of the start with that number, the first being 1. Waits for it. */
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
        builder.environment().putAll(nextStartEnvironment);
        nextStartEnvironment = Map.of();
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
