package dev.lockstep.faults;

import dev.lockstep.messaging.record.PrintableText;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The suite's tables, as Markdown. */
final class Report {
    private static final DateTimeFormatter DAY =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'", Locale.ROOT).withZone(ZoneOffset.UTC);

    private static final int LONGEST_CELL = 1_000;

    private Report() {}

    /** The results of the cases. */
    static List<String> table(List<Outcome> outcomes) {
        List<String> lines = new ArrayList<>(List.of(
                "| case | fault | injected | orders accepted | lost | doubled | stuck | longest stall | slowest order"
                        + " | auditor |",
                "|---|---|---:|---:|---:|---:|---:|---:|---:|---|"));
        for (Outcome outcome : outcomes) {
            lines.add("| `%s` | %s | %d | %d | %d | %d | %d | %s | %s | %s |"
                    .formatted(
                            outcome.faultCase().name(),
                            outcome.faultCase().description(),
                            outcome.injected(),
                            outcome.accepted(),
                            outcome.lost(),
                            outcome.doubled(),
                            outcome.stuck(),
                            seconds(outcome.longestStall()),
                            seconds(outcome.slowestOrder()),
                            auditorCell(outcome)));
        }
        lines.add("| | %d cases | %d | %d | %d | %d | %d | %s | %s | |"
                .formatted(
                        outcomes.size(),
                        outcomes.stream().mapToInt(Outcome::injected).sum(),
                        outcomes.stream().mapToInt(Outcome::accepted).sum(),
                        outcomes.stream().mapToLong(Outcome::lost).sum(),
                        outcomes.stream().mapToLong(Outcome::doubled).sum(),
                        outcomes.stream().mapToLong(Outcome::stuck).sum(),
                        seconds(outcomes.stream()
                                .map(Outcome::longestStall)
                                .max(Duration::compareTo)
                                .orElse(Duration.ZERO)),
                        seconds(outcomes.stream()
                                .map(Outcome::slowestOrder)
                                .max(Duration::compareTo)
                                .orElse(Duration.ZERO))));
        return lines;
    }

    /** The results of each case without its protection. */
    static List<String> protectionTable(List<Outcome> outcomes) {
        List<String> lines =
                new ArrayList<>(List.of("| case | without | result | harm detected |", "|---|---|---|---|"));
        for (Outcome outcome : outcomes) {
            lines.add("| `%s` | `%s` | %s | %s |"
                    .formatted(
                            outcome.faultCase().name(),
                            outcome.faultCase().protection().label(),
                            cell(outcome.failureReason()),
                            isHarmDetected(outcome) ? "yes" : "NO"));
        }
        return lines;
    }

    /** Whether the injected faults did harm. A case that could not be carried out proves nothing. */
    static boolean isHarmDetected(Outcome outcome) {
        boolean counted = outcome.lost() + outcome.doubled() + outcome.stuck() > 0;
        boolean audited = outcome.verdict() != null && !outcome.verdict().holds();
        return outcome.injected() > 0 && (counted || audited || outcome.failedCheck() != null);
    }

    /** Writes a table together with the command, seed, date, commit, number of cores, rate and duration of the run. */
    static void write(Path file, String command, long seed, int rate, Duration took, List<String> table) {
        List<String> lines = new ArrayList<>();
        lines.add("# Fault suite results");
        lines.add("");
        lines.add("`faults/README.md` explains the cases and the columns.");
        lines.add("");
        lines.add("`%s`, seed %d, %s, commit %s, %d cores, %d orders per second, %d s:"
                .formatted(
                        command,
                        seed,
                        DAY.format(Instant.now()),
                        commit(),
                        Runtime.getRuntime().availableProcessors(),
                        rate,
                        took.toSeconds()));
        lines.add("");
        lines.addAll(table);
        try {
            Files.write(file, lines);
        } catch (IOException cause) {
            throw new UncheckedIOException("cannot write " + file, cause);
        }
    }

    private static String commit() {
        Commands.Result git = Commands.run(List.of("git", "rev-parse", "--short", "HEAD"), Duration.ofSeconds(10));
        return git.exitCode() == 0 ? git.output() : "unknown";
    }

    private static String auditorCell(Outcome outcome) {
        String found = outcome.executionError() == null ? outcome.failedCheck() : outcome.executionError();
        return found != null
                ? cell(found)
                : outcome.verdict() == null ? "-" : outcome.verdict().summary();
    }

    // A server's last log output can have several lines and can quote any data that was sent to it.
    private static String cell(String text) {
        return PrintableText.of(text.strip().replaceAll("\\s+", " "), LONGEST_CELL)
                .replace("|", "\\|");
    }

    private static String seconds(Duration duration) {
        return "%.1f s".formatted(duration.toMillis() / 1000.0);
    }
}
