package dev.lockstep.bench;

/**
 * A mark that a value is to reach.
 *
 * @param atLeast whether the value is to be at least the mark, otherwise at most
 */
public record Goal(String text, double value, double mark, boolean atLeast) {
    public static Goal atLeast(String text, double value, double mark) {
        return new Goal(text, value, mark, true);
    }

    public static Goal atMost(String text, double value, double mark) {
        return new Goal(text, value, mark, false);
    }

    public boolean isReached() {
        return atLeast ? value >= mark : value <= mark;
    }
}
