package dev.lockstep.messaging.record;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Errors for callers who must not see the values of messages. The message of an error can quote a value, so only the kind of the failure
 * remains, and the places in the code.
 */
public final class ErrorTexts {
    private static final String MASK = "***";
    // The reason of a dead letter, and the type of an exception, each of which may precede the message.
    private static final Pattern KIND =
            Pattern.compile("(?:[A-Z][A-Z_]*: )?(?:[A-Za-z_$][\\w$.]*(?:Exception|Error)(?=:|$))?");
    private static final Pattern FAILURE =
            Pattern.compile("((?:Caused by: )?[A-Za-z_$][\\w$]*(?:\\.[A-Za-z_$][\\w$]*)+)(?::.*)?");
    private static final Pattern FRAME =
            Pattern.compile("    (?:at [\\w$.<>/@-]+\\([\\w$.: ]*\\)|\\.\\.\\. \\d+ more)");

    private ErrorTexts() {}

    /** The error with its message replaced. The reason or the type of the exception before it remains. */
    public static String masked(String error) {
        Matcher kind = KIND.matcher(error);
        String before = kind.lookingAt() ? kind.group() : "";
        return before.isEmpty() || before.endsWith(": ") ? before + MASK : before + ": " + MASK;
    }

    /** The stack trace with the messages of its failures replaced. Their types and frames remain. */
    public static String maskedStack(String stack) {
        List<String> lines = stack.lines().toList();
        return lines.stream()
                .map(line -> maskedLine(line, line.equals(lines.getFirst()) || line.startsWith("Caused by: ")))
                .filter(line -> !line.isEmpty())
                .collect(Collectors.joining("\n"));
    }

    // A message can have several lines. Those that are neither a failure nor a frame belong to one.
    private static String maskedLine(String line, boolean mayBeFailure) {
        if (FRAME.matcher(line).matches()) {
            return line;
        }
        Matcher failure = FAILURE.matcher(line);
        return mayBeFailure && failure.matches()
                ? failure.group(1) + (failure.group(1).length() == line.length() ? "" : ": " + MASK)
                : "";
    }
}
