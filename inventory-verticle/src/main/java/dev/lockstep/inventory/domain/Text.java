package dev.lockstep.inventory.domain;

/** Checks that text can be stored without loss and displayed on one line. */
public final class Text {
    private Text() {}

    /**
     * Whether the text contains control characters, or halves of surrogate pairs, which would be read back as question marks.
     */
    public static boolean hasUnprintable(String text) {
        return text.codePoints()
                .anyMatch(c -> Character.isISOControl(c) || Character.getType(c) == Character.SURROGATE);
    }
}
