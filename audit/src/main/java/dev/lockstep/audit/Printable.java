package dev.lockstep.audit;

import org.jspecify.annotations.Nullable;

/** Makes audited text safe for a terminal. Ids, types and errors may contain anything that a producer has sent. */
final class Printable {
    private static final int LONGEST = 1_000;

    private Printable() {}

    /** Returns the text on one line. Escapes characters that control a terminal or reorder a line, and truncates long text. */
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
