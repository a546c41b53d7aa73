package dev.lockstep.audit;

/** A number with the noun that it counts, for texts. */
final class Count {
    private Count() {}

    /** Returns, for example, {@code 1 message} or {@code 2 messages}. */
    static String of(long number, String noun) {
        return of(number, noun, noun + "s");
    }

    static String of(long number, String singular, String plural) {
        return number + " " + (number == 1 ? singular : plural);
    }
}
