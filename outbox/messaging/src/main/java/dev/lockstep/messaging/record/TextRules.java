package dev.lockstep.messaging.record;

/** Defines which text can be stored. Postgres refuses U+0000, and half of a surrogate pair would be read back as a question mark. */
public final class TextRules {
    public static final String RULE = "must not contain U+0000 or half of a surrogate pair";

    private TextRules() {}

    public static boolean isStorable(String text) {
        for (int i = 0; i < text.length(); i++) {
            char unit = text.charAt(i);
            if (unit == 0 || Character.isLowSurrogate(unit)) {
                return false;
            }
            if (Character.isHighSurrogate(unit)) {
                i++;
                if (i == text.length() || !Character.isLowSurrogate(text.charAt(i))) {
                    return false;
                }
            }
        }
        return true;
    }
}
