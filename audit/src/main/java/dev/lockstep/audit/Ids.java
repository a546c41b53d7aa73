package dev.lockstep.audit;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;

/** The id orderings that Postgres uses, and the timestamps inside ids. */
final class Ids {
    /** The order of {@code uuid} in Postgres. Java's own order compares the halves as signed numbers. */
    static final Comparator<UUID> UUID_ORDER = (a, b) -> {
        int high = Long.compareUnsigned(a.getMostSignificantBits(), b.getMostSignificantBits());
        return high != 0 ? high : Long.compareUnsigned(a.getLeastSignificantBits(), b.getLeastSignificantBits());
    };

    /** The order of text in Postgres under {@code COLLATE "C"}. */
    static final Comparator<String> TEXT_ORDER =
            (a, b) -> Arrays.compareUnsigned(a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8));

    private static final int VERSION_WITH_TIME = 7;

    private Ids() {}

    /** Returns an empty result for text that is not a UUID in its canonical form. */
    static Optional<UUID> parse(String text) {
        if (text.length() != 36) {
            return Optional.empty();
        }
        try {
            UUID id = UUID.fromString(text);
            return id.toString().equals(text.toLowerCase(Locale.ROOT)) ? Optional.of(id) : Optional.empty();
        } catch (IllegalArgumentException malformed) {
            return Optional.empty();
        }
    }

    /** The timestamp of a UUIDv7 in milliseconds. Returns 0 for other versions, which do not contain one. */
    static long timestampMillis(UUID id) {
        return id.version() == VERSION_WITH_TIME ? id.getMostSignificantBits() >>> 16 : 0;
    }

    static long timestampMillis(String text) {
        return parse(text).map(Ids::timestampMillis).orElse(0L);
    }
}
