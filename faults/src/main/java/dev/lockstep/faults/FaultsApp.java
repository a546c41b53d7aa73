package dev.lockstep.faults;

import dev.lockstep.faults.agent.Protection;
import dev.lockstep.messaging.record.PrintableText;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The fault suite's command line: parses the options, runs the cases, prints a table and returns an exit code. */
@Command(
        name = "faults",
        description = {
            "Injects faults into a Lockstep system of its own while orders arrive, and runs the auditor afterwards.",
            ""
        },
        usageHelpWidth = 110,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:every case holds: no order was lost, doubled or stuck; with --prove: every case failed",
            "1:a case failed or could not be carried out; with --prove: a case did not fail",
            "2:wrong options"
        })
public final class FaultsApp implements Callable<Integer> {
    private static final int LONGEST_LINE = 1_000;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli injects it before it calls any method
    private CommandSpec spec;

    @Option(names = "--long", description = "runs every case, with many injections of each; default: the short suite")
    private boolean longSuite;

    @Option(
            names = "--case",
            paramLabel = "NAME",
            split = ",",
            description = "runs only these cases, with many injections")
    private List<String> names = List.of();

    @Option(names = "--seed", paramLabel = "N", description = "seed of the random numbers; default: a new seed")
    private @Nullable Long seed;

    @Option(
            names = "--rate",
            paramLabel = "N",
            defaultValue = "25",
            description = "orders per second; default: ${DEFAULT-VALUE}")
    private int rate;

    @Option(
            names = "--without",
            paramLabel = "PROTECTION",
            split = ",",
            description = "disables protections in every service, so that cases should fail; --list shows them")
    private List<String> without = List.of();

    @Option(
            names = "--prove",
            description = "runs each case once without its own protection; succeeds if every case fails")
    private boolean prove;

    @Option(names = "--report", paramLabel = "FILE.md", description = "also writes the table to this file")
    private @Nullable Path report;

    @Option(names = "--list", description = "lists the cases with their protections without running them")
    private boolean list;

    @Option(names = "--help", usageHelp = true, description = "shows this help")
    @SuppressWarnings("UnusedVariable") // picocli reads it
    private boolean help;

    private FaultsApp() {}

    public static void main(String[] options) {
        // checkstyle off: consoleOutput, the command prints its table
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        // checkstyle on: consoleOutput
        System.exit(run(out, err, options));
    }

    /** Runs the suite and returns the exit code: 0 if all cases succeed, 1 if one fails, 2 for wrong options. */
    public static int run(PrintWriter out, PrintWriter err, String... options) {
        return new CommandLine(new FaultsApp())
                .setOut(out)
                .setErr(err)
                .setParameterExceptionHandler((cause, arguments) -> {
                    err.println(PrintableText.of(cause.getMessage(), LONGEST_LINE) + "; --help lists the options");
                    return 2;
                })
                .execute(options);
    }

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        List<FaultCase> cases;
        Set<Protection> protections = EnumSet.noneOf(Protection.class);
        try {
            cases = cases();
            without.stream().map(Protection::of).forEach(protections::add);
        } catch (IllegalArgumentException unknown) {
            throw new CommandLine.ParameterException(spec.commandLine(), String.valueOf(unknown.getMessage()), unknown);
        }
        if (rate < 1) {
            throw new CommandLine.ParameterException(spec.commandLine(), "--rate must be at least 1, but was " + rate);
        }
        if (list) {
            cases.forEach(each -> out.printf(
                    "%-22s %-17s %s%n", each.name(), each.protection().label(), each.description()));
            return 0;
        }
        long begun = System.nanoTime();
        long runSeed = seed == null ? new Random().nextInt(1_000_000) : seed;
        out.printf("seed %d%n", runSeed);
        List<Outcome> outcomes = new ArrayList<>();
        try (Suite suite = new Suite(out, runSeed, rate, longSuite || prove || !names.isEmpty())) {
            for (FaultCase each : cases) {
                outcomes.add(suite.run(each, prove ? EnumSet.of(each.protection()) : protections));
            }
        }
        if (Thread.currentThread().isInterrupted()) {
            return 1;
        }
        List<String> table = prove ? Report.protectionTable(outcomes) : Report.table(outcomes);
        out.println();
        table.forEach(out::println);
        if (report != null) {
            Duration took = Duration.ofNanos(System.nanoTime() - begun);
            Report.write(report, command(), runSeed, rate, took, table);
        }
        boolean passed = outcomes.stream().allMatch(prove ? Report::isHarmDetected : Outcome::holds);
        out.printf("%n%s (seed %d)%n", passed ? "passed" : "FAILED", runSeed);
        out.flush();
        return passed ? 0 : 1;
    }

    private List<FaultCase> cases() {
        if (!names.isEmpty()) {
            return names.stream().map(FaultCases::named).toList();
        }
        return longSuite || prove || list ? FaultCases.all() : FaultCases.shortSuite();
    }

    private String command() {
        return "./up faults "
                + String.join(" ", spec.commandLine().getParseResult().originalArgs());
    }
}
