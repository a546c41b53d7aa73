package dev.lockstep.audit;

import java.util.Locale;
import java.util.Map;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/** The report as text: one line per check, followed by its findings. */
final class ReportText {
    private static final String NEW_LINE = System.lineSeparator();

    private ReportText() {}

    static String of(Report report) {
        StringBuilder text = new StringBuilder();
        for (CheckResult result : report.checks()) {
            text.append("  %-9s %-7s %s"
                            .formatted(
                                    result.check().label(),
                                    verdict(result),
                                    result.check().promise()))
                    .append(NEW_LINE);
            if (!result.counts().isEmpty()) {
                text.append("  %-17s %s".formatted("", counts(result.counts()))).append(NEW_LINE);
            }
            result.findings().forEach(finding -> text.append(text(finding)));
            long more = result.findingCount() - result.findings().size();
            if (more > 0) {
                text.append("      ... and ")
                        .append(more)
                        .append(" more, see --most")
                        .append(NEW_LINE);
            }
        }
        text.append(NEW_LINE);
        text.append("  ").append(counts(report.figures())).append(NEW_LINE);
        return text.append(summary(report)).append(NEW_LINE).toString();
    }

    private static String verdict(CheckResult result) {
        if (!result.holds()) {
            return "BROKEN";
        }
        return result.undecided() == 0 ? "holds" : "open";
    }

    private static String text(Finding finding) {
        return "    ✗ " + finding.id() + NEW_LINE
                + "      expected: " + finding.expected() + NEW_LINE
                + "      found:    " + finding.found() + NEW_LINE
                + "      look at:  " + finding.look() + NEW_LINE;
    }

    private static String summary(Report report) {
        String broken = listed(report, CheckResult::findingCount);
        String open = listed(report, CheckResult::undecided);
        String verdict =
                !broken.isEmpty() ? "Broken: " + broken : open.isEmpty() ? "All checks hold" : "No check is broken";
        return String.format(
                Locale.ROOT,
                "%s%s. %.1f s",
                verdict,
                open.isEmpty() ? "" : "; in progress, and not judged without a wait: " + open,
                report.took().toMillis() / 1000.0);
    }

    private static String listed(Report report, ToLongFunction<CheckResult> number) {
        return report.checks().stream()
                .filter(result -> number.applyAsLong(result) > 0)
                .map(result -> result.check().label() + " (" + number.applyAsLong(result) + ")")
                .collect(Collectors.joining(", "));
    }

    private static String counts(Map<String, Long> counts) {
        return counts.entrySet().stream()
                .map(entry -> String.format(Locale.ROOT, "%s %,d", entry.getKey(), entry.getValue()))
                .collect(Collectors.joining(" · "));
    }
}
