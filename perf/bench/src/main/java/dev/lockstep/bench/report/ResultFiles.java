package dev.lockstep.bench.report;

import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lockstep.bench.ScenarioResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Writes the results of a run to a folder: {@code results.json}, {@code README.md} and the charts. */
public final class ResultFiles {
    private static final ObjectWriter JSON = JsonMapper.builder().build().writerWithDefaultPrettyPrinter();

    private ResultFiles() {}

    /**
     * The contents of {@code results.json}.
     *
     * @param commit the commit that was measured
     * @param quick whether the run only checked that everything works
     */
    public record Run(
            String date, String commit, boolean quick, Map<String, String> machine, List<ScenarioResult> results) {
        public Run {
            results = List.copyOf(results);
        }
    }

    /** Writes all files. Files of an earlier run in the folder are overwritten. */
    public static void write(Path folder, Run run) {
        try {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("results.json"), JSON.writeValueAsString(run) + "\n");
            Files.write(folder.resolve("README.md"), markdown(run));
            for (ScenarioResult result : run.results()) {
                Charts.write(folder, result);
            }
        } catch (IOException cause) {
            throw new UncheckedIOException("cannot write the results to " + folder, cause);
        }
    }

    static List<String> markdown(Run run) {
        List<String> lines = new ArrayList<>(List.of("# Benchmarks of " + run.commit() + ", " + run.date(), ""));
        if (run.quick()) {
            lines.addAll(
                    List.of("**A quick run: it shows that the scenarios work. Its values are no measurement.**", ""));
        }
        lines.addAll(Table.variants(run.results()));
        lines.addAll(List.of("", "## Marks", ""));
        lines.addAll(Table.goals(run.results()));
        lines.addAll(List.of("", "## Rounds", ""));
        lines.addAll(Table.rounds(run.results()));
        lines.addAll(List.of("", "## Machine", ""));
        run.machine().forEach((name, value) -> lines.add("- " + name + ": " + value));
        lines.addAll(List.of("", "## Settings that were read during the run", ""));
        run.results().forEach(result -> lines.add("- " + result.id() + ": " + String.join(", ", result.settings())));
        return lines;
    }
}
