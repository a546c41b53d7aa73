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
        for (CheckResult tally : report.checks()) {
            text.append("  %-9s %-7s %s"
                            .formatted(
                                    tally.check().label(),
                                    verdict(tally),
                                    tally.check().promise()))
                    .append(NEW_LINE);
            if (!tally.counts().isEmpty()) {
                text.append("  %-17s %s".formatted("", counts(tally.counts()))).append(NEW_LINE);
            }
            tally.findings().forEach(finding -> text.append(text(finding)));
            long more = tally.addFinding() - tally.findings().size();
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

    private static String verdict(CheckResult tally) {
        if (!tally.holds()) {
            return "BROKEN";
        }
        return tally.undecided() == 0 ? "holds" : "open";
    }

    private static String text(Finding finding) {
        return "    ✗ " + finding.id() + NEW_LINE
                + "      expected: " + finding.expected() + NEW_LINE
                + "      found:    " + finding.found() + NEW_LINE
                + "      look at:  " + finding.look() + NEW_LINE;
    }

    private static String summary(Report report) {
        String broken = listed(report, CheckResult::addFinding);
        String open = listed(report, CheckResult::undecided);
        String verdict = !broken.isEmpty()
                ? "Broken: " + broken
                : open.isEmpty() ? "Everything that was checked holds" : "What was checked holds";
        return String.format(
                Locale.ROOT,
                "%s%s. %.1f s",
                verdict,
                open.isEmpty() ? "" : "; under way, and not judged as nothing was waited for: " + open,
                report.took().toMillis() / 1000.0);
    }

    private static String listed(Report report, ToLongFunction<CheckResult> number) {
        return report.checks().stream()
                .filter(tally -> number.applyAsLong(tally) > 0)
                .map(tally -> tally.check().label() + " (" + number.applyAsLong(tally) + ")")
                .collect(Collectors.joining(", "));
    }

    private static String counts(Map<String, Long> counts) {
        return counts.entrySet().stream()
                .map(entry -> String.format(Locale.ROOT, "%s %,d", entry.getKey(), entry.getValue()))
                .collect(Collectors.joining(" · "));
    }
}
