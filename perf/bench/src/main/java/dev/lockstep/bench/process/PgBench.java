package dev.lockstep.bench.process;

import dev.lockstep.bench.BenchException;
import dev.lockstep.bench.Lab;
import dev.lockstep.embedded.LocalPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Runs pgbench. It is the reference for what the server can commit: written in C, and it does nothing but send statements. */
public final class PgBench {
    public static final String TOOL = "pgbench";
    private static final Pattern RATE = Pattern.compile("^tps = ([0-9.]+)", Pattern.MULTILINE);
    private static final Pattern FAILED =
            Pattern.compile("^number of failed transactions: ([0-9]+)", Pattern.MULTILINE);
    private static final Duration GRACE = Duration.ofSeconds(30);

    private final Lab lab;
    private final BenchPostgres postgres;

    /**
     * A transaction.
     *
     * @param sql the script, see the documentation of pgbench
     */
    public record Script(String name, String sql) {}

    /** A script and the number of sessions that run it. */
    public record Load(Script script, int clients) {
        public String describe() {
            return "pgbench, " + script.name() + ", " + clients + " sessions";
        }
    }

    public PgBench(Lab lab, BenchPostgres postgres) {
        this.lab = lab;
        this.postgres = postgres;
    }

    /**
     * Tries all scripts with all numbers of sessions and returns the fastest combination.
     *
     * @param each how long each combination runs
     */
    public Load fastest(List<Script> scripts, List<Integer> clients, Duration each) {
        Map<Load, Double> rates = new LinkedHashMap<>();
        for (Script script : scripts) {
            for (int sessions : clients) {
                Load load = new Load(script, sessions);
                double rate = run(load, each);
                lab.progress(String.format("%s: %,.0f transactions/s", load.describe(), rate));
                rates.put(load, rate);
            }
        }
        @Nullable
        Load best = rates.entrySet().stream()
                .max(Comparator.comparingDouble(Map.Entry::getValue))
                .map(Map.Entry::getKey)
                .orElse(null);
        return Objects.requireNonNull(best, "no script was given");
    }

    /**
     * Runs a load and returns its transactions per second.
     *
     * @throws BenchException if a transaction failed
     */
    public double run(Load load, Duration duration) {
        Path script = lab.newFolder("pgbench").resolve(load.script().name().replace(' ', '-') + ".sql");
        try {
            Files.writeString(script, load.script().sql());
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
        List<String> command = List.of(
                lab.tool(TOOL),
                "--host=127.0.0.1",
                "--port=" + postgres.port(),
                "--username=" + LocalPostgres.USER,
                "--no-vacuum",
                "--protocol=prepared",
                "--client=" + load.clients(),
                "--jobs=" + Math.min(2, load.clients()),
                "--time=" + duration.toSeconds(),
                "--define=started=" + System.currentTimeMillis(),
                "--define=n=0",
                "--file=" + script,
                postgres.database());
        Map<String, String> environment = new TreeMap<>(Map.of("PGPASSWORD", LocalPostgres.PASSWORD));
        try (ChildProcess process = ChildProcess.start(TOOL, command, environment, lab.log(TOOL))) {
            return transactionsPerSecond(process.awaitSuccess(duration.plus(GRACE)));
        }
    }

    /** @throws BenchException if the output has no rate, or counts failed transactions */
    static double transactionsPerSecond(String output) {
        Matcher failed = FAILED.matcher(output);
        if (failed.find() && !failed.group(1).equals("0")) {
            throw new BenchException(failed.group(1) + " transactions of pgbench failed: " + output.strip());
        }
        Matcher rate = RATE.matcher(output);
        if (!rate.find()) {
            throw new BenchException("pgbench printed no rate: " + output.strip());
        }
        return Double.parseDouble(rate.group(1));
    }
}
