package dev.lockstep.messaging.record;

import org.jspecify.annotations.Nullable;

/**
 * Makes text from outside safe for log lines, terminals and error messages: a single line of bounded length, without characters that
 * control a terminal or reorder the displayed text.
 */
public final class PrintableText {
    private static final char REPLACEMENT = '\uFFFD';

    private PrintableText() {}

    /**
     * Escapes control characters (C0, DEL, C1), line and paragraph separators, bidirectional formatting characters and halves of surrogate
     * pairs, as <code>\n</code>, <code>\t</code>, <code>\r</code> or <code>&#92;uXXXX</code>, and truncates the text.
     *
     * @param most the maximum length of the result, not counting the rest of its last escape and the note on how much was omitted
     */
    public static String of(@Nullable String text, int most) {
        if (text == null) {
            return "null";
        }
        int safe = 0;
        while (safe < text.length() && safe < most && isPlainAscii(text.charAt(safe))) {
            safe++;
        }
        if (safe == text.length()) {
            return text;
        }
        StringBuilder printable = new StringBuilder(safe + 32).append(text, 0, safe);
        int end = safe;
        while (end < text.length() && printable.length() < most) {
            int codePoint = text.codePointAt(end);
            append(printable, codePoint);
            end += Character.charCount(codePoint);
        }
        if (end < text.length()) {
            printable.append("... (").append(text.length() - end).append(" more characters)");
        }
        return printable.toString();
    }

    /** Whether the text has neither control characters (U+0000 to U+001F, U+007F to U+009F) nor halves of surrogate pairs. */
    public static boolean isPlain(String text) {
        for (int i = 0; i < text.length(); ) {
            int codePoint = text.codePointAt(i);
            if (Character.isISOControl(codePoint) || Character.getType(codePoint) == Character.SURROGATE) {
                return false;
            }
            i += Character.charCount(codePoint);
        }
        return true;
    }

    /** The text with U+FFFD in place of each half of a surrogate pair, which neither UTF-8 nor jsonb can hold. */
    static String withoutLoneSurrogates(String text) {
        StringBuilder whole = null;
        for (int i = 0; i < text.length(); ) {
            int codePoint = text.codePointAt(i);
            if (Character.getType(codePoint) == Character.SURROGATE) {
                if (whole == null) {
                    whole = new StringBuilder(text);
                }
                whole.setCharAt(i, REPLACEMENT);
            }
            i += Character.charCount(codePoint);
        }
        return whole == null ? text : whole.toString();
    }

    private static boolean isPlainAscii(char unit) {
        return unit >= ' ' && unit < 0x7f;
    }

    private static void append(StringBuilder printable, int codePoint) {
        switch (codePoint) {
            case '\n' -> printable.append("\\n");
            case '\r' -> printable.append("\\r");
            case '\t' -> printable.append("\\t");
            default -> {
                if (needsEscape(codePoint)) {
                    printable.append(String.format("\\u%04x", codePoint));
                } else {
                    printable.appendCodePoint(codePoint);
                }
            }
        }
    }

    private static boolean needsEscape(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE,
                    // Bidirectional overrides and isolates, zero-width characters, the byte order mark, tags.
                    Character.FORMAT -> true;
            default -> false;
        };
    }
}
