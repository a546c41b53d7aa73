package dev.lockstep.audit;

import org.jspecify.annotations.Nullable;

/** Text of what is audited, as it may appear on a terminal: ids, types and errors are whatever somebody has sent. */
final class Printable {
    private static final int LONGEST = 1_000;

    private Printable() {}

    /** On one line, with escapes for what a terminal acts on or what reorders a line, and cut off where it is too long to read. */
    static String of(@Nullable String text) {
        if (text == null) {
            return "null";
        }
        StringBuilder printable = new StringBuilder();
        int end = 0;
        while (end < text.length() && printable.length() < LONGEST) {
            int codePoint = text.codePointAt(end);
            append(printable, codePoint);
            end += Character.charCount(codePoint);
        }
        if (text.length() > end) {
            printable.append("... (").append(text.length() - end).append(" more characters)");
        }
        return printable.toString();
    }

    private static void append(StringBuilder printable, int codePoint) {
        switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE ->
                printable.append(codePoint == '\n' ? "\\n" : String.format("\\u%04x", codePoint));
            default -> printable.appendCodePoint(codePoint);
        }
    }
}
