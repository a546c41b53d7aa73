package dev.lockstep.bench;

import dev.lockstep.bench.process.PgTools;
import dev.lockstep.bench.process.Resources;
import dev.lockstep.bench.report.Facts;
import dev.lockstep.bench.report.ResultFiles;
import dev.lockstep.bench.report.Table;
import dev.lockstep.bench.scenario.Scenarios;
import dev.lockstep.embedded.Folders;
import dev.lockstep.embedded.PrivateFiles;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command line of the suite: checks the prerequisites, runs the scenarios, prints the tables and writes the results. */
@Command(
        name = "perf/run",
        description = {"Measures Lockstep on servers of its own, beside what this machine can do at most.", ""},
        usageHelpWidth = 110,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:all scenarios were measured, whether or not they reach their marks",
            "1:a scenario could not be measured",
            "2:wrong options, or a program is missing"
        })
public final class BenchApp implements Callable<Integer> {
    private static final int DEFAULT_ROUNDS = 3;
    private static final double QUIET = 0.1;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli injects it before it calls any method
    private CommandSpec spec;

    @Parameters(paramLabel = "SCENARIO", arity = "0..*", description = "the scenarios to run, such as 01; default: all")
    private List<String> ids = List.of();

    @Option(names = "--quick", description = "runs each scenario for a few seconds, to check that it works")
    private boolean quick;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            description = "rounds that have to count; default: 3, or 1 with --quick")
    private @Nullable Integer rounds;

    @Option(
            names = "--results",
            paramLabel = "FOLDER",
            description =
                    "where to write; default: perf/results/DATE-COMMIT, or perf/bench/target/results with --quick")
    private @Nullable Path results;

    @Option(
            names = "--data",
            paramLabel = "FOLDER",
            defaultValue = "perf/bench/target/data",
            description = "for the data and logs of the servers; default: ${DEFAULT-VALUE}")
    private Path data = Path.of("");

    @Option(names = "--commit", paramLabel = "ID", defaultValue = "unknown", hidden = true)
    private String commit = "";

    @Option(names = "--list", description = "lists the scenarios without running them")
    private boolean list;

    @Option(names = "--help", usageHelp = true, description = "shows this help")
    @SuppressWarnings("UnusedVariable") // picocli reads it
    private boolean help;

    private BenchApp() {}

    public static void main(String[] options) {
        // checkstyle off: consoleOutput, the command prints its tables
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        // checkstyle on: consoleOutput
        System.exit(run(out, err, options));
    }

    /** Runs the suite and returns the exit code. */
    public static int run(PrintWriter out, PrintWriter err, String... options) {
        return new CommandLine(new BenchApp())
                .setOut(out)
                .setErr(err)
                .setParameterExceptionHandler((cause, arguments) -> {
                    err.println(cause.getMessage() + "; --help lists the options");
                    return 2;
                })
                .execute(options);
    }

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        List<Scenario> scenarios = ids.isEmpty()
                ? Scenarios.all()
                : ids.stream().map(this::scenario).toList();
        if (list) {
            scenarios.forEach(each -> out.printf("%-4s %s%n", each.id(), each.title()));
            return 0;
        }
        if (rounds != null && rounds < 1) {
            throw new ParameterException(spec.commandLine(), "--rounds must be at least 1, but was " + rounds);
        }
        Map<String, String> tools = tools(scenarios);
        Path folder = data.toAbsolutePath().normalize();
        PrivateFiles.createFolder(folder);
        out.println("Observing the machine");
        Duration observed = Duration.ofSeconds(quick ? 1 : 5);
        if (Facts.busyShare(observed) > QUIET && !quick) {
            out.println("WARNING: other programs use this machine. Stop them, or the results mean little.");
        }
        Map<String, String> facts = Facts.collect(folder, observed, tools);
        List<ScenarioResult> measured = new ArrayList<>();
        int failures = runAll(scenarios, folder, tools, measured, out);
        print(out, measured);
        if (!measured.isEmpty()) {
            String date = LocalDate.now(ZoneOffset.UTC).toString();
            Path target = results == null ? defaultResults(date) : results;
            ResultFiles.write(target, new ResultFiles.Run(date, commit, quick, facts, measured));
            out.println();
            out.println("Results: " + target);
        }
        out.flush();
        return failures == 0 ? 0 : 1;
    }

    private int runAll(
            List<Scenario> scenarios,
            Path folder,
            Map<String, String> tools,
            List<ScenarioResult> measured,
            PrintWriter out) {
        int failures = 0;
        Resources resources = new Resources();
        Thread stop = new Thread(resources::close, "bench-stop");
        Runtime.getRuntime().addShutdownHook(stop);
        int wanted = rounds != null ? rounds : quick ? 1 : DEFAULT_ROUNDS;
        for (Scenario scenario : scenarios) {
            out.println(scenario.id() + " " + scenario.title());
            try {
                Path own = folder.resolve(scenario.id());
                Folders.delete(own);
                PrivateFiles.createFolder(own);
                try {
                    measured.add(scenario.run(new Lab(own, quick, wanted, tools, resources, out)));
                } finally {
                    resources.closeAll();
                }
            } catch (RuntimeException cause) {
                failures++;
                out.println("    FAILED: " + cause.getMessage());
            }
            out.flush();
        }
        Runtime.getRuntime().removeShutdownHook(stop);
        return failures;
    }

    private void print(PrintWriter out, List<ScenarioResult> measured) {
        out.println();
        Stream.of(Table.variants(measured), List.of(""), Table.goals(measured), List.of(""), Table.rounds(measured))
                .flatMap(List::stream)
                .forEach(out::println);
        if (quick) {
            out.println();
            out.println("This was a quick run: its values are no measurement.");
        }
    }

    private Path defaultResults(String date) {
        return Path.of(quick ? "perf/bench/target/results" : "perf/results").resolve(date + "-" + commit);
    }

    private Scenario scenario(String id) {
        return Scenarios.named(id)
                .orElseThrow(() -> new ParameterException(
                        spec.commandLine(),
                        id + " is not a scenario; the scenarios are "
                                + String.join(
                                        ", ",
                                        Scenarios.all().stream()
                                                .map(Scenario::id)
                                                .toList())));
    }

    private Map<String, String> tools(List<Scenario> scenarios) {
        if (!Files.exists(Path.of("/proc/self/stat"))) {
            throw new ParameterException(spec.commandLine(), "the suite reads CPU times from /proc: run it on Linux");
        }
        Map<String, String> found = new TreeMap<>();
        List<String> missing = new ArrayList<>();
        scenarios.stream()
                .flatMap(each -> each.tools().stream())
                .distinct()
                .sorted()
                .forEach(name ->
                        PgTools.find(name).ifPresentOrElse(path -> found.put(name, path), () -> missing.add(name)));
        if (!missing.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(),
                    String.join(" and ", missing)
                            + " not found: install Postgres (Debian, Ubuntu: apt-get install postgresql),"
                            + " which does not have to run, or choose other scenarios");
        }
        return found;
    }
}
