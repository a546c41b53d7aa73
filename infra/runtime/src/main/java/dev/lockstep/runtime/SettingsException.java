package dev.lockstep.runtime;

import java.util.List;

/** A service cannot start because its settings are invalid. The message lists all problems and is ready to be shown to the operator. */
public final class SettingsException extends RuntimeException {
    private final List<String> problems;

    SettingsException(String service, List<String> problems) {
        // No stack trace: the reader edits settings, not code.
        super(describe(service, problems), null, false, false);
        this.problems = List.copyOf(problems);
    }

    public List<String> problems() {
        return problems;
    }

    private static String describe(String service, List<String> problems) {
        StringBuilder text = new StringBuilder()
                .append(service)
                .append(" cannot start because its settings have ")
                .append(problems.size())
                .append(" problem(s):");
        problems.forEach(
                problem -> text.append(System.lineSeparator()).append("  - ").append(problem));
        return text.toString();
    }
}
