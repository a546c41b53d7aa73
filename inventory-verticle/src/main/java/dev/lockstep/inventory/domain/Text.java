package dev.lockstep.inventory.domain;

/** Which text can be stored, read back as it was and shown on one line. */
public final class Text {
    private Text() {}

    /** Whether the text has control characters, or halves of surrogate pairs, which would come back as question marks. */
    public static boolean hasUnprintable(String text) {
        return text.codePoints()
                .anyMatch(c -> Character.isISOControl(c) || Character.getType(c) == Character.SURROGATE);
    }
}
