package dev.lockstep.audit;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The report as JSON. */
final class ReportJson {
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private ReportJson() {}

    private record Checked(
            String name,
            String promise,
            boolean holds,
            long broken,
            long undecided,
            Map<String, Long> counted,
            List<Finding> findings) {}

    static String of(Report report) {
        try {
            return JSON.writeValueAsString(tree(report));
        } catch (IOException cause) {
            throw new AssertionError("strings and numbers can be written", cause);
        }
    }

    static void write(Report report, Path file) {
        try {
            JSON.writeValue(file.toFile(), tree(report));
        } catch (IOException cause) {
            throw new AuditException("cannot write " + file + " (--json): " + cause.getMessage(), cause);
        }
    }

    private static Map<String, Object> tree(Report report) {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("holds", report.holds());
        tree.put("seconds", report.took().toMillis() / 1000.0);
        tree.put("figures", report.figures());
        tree.put(
                "checks",
                report.checks().stream()
                        .map(result -> new Checked(
                                result.check().label(),
                                result.check().promise(),
                                result.holds(),
                                result.findingCount(),
                                result.undecided(),
                                result.counts(),
                                result.findings()))
                        .toList());
        return tree;
    }
}
