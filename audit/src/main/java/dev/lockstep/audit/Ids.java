package dev.lockstep.audit;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;

/** Ids in the order in which Postgres has them, and the time that is in them. */
final class Ids {
    /** As Postgres orders {@code uuid}: Java's own order takes the halves for signed numbers. */
    static final Comparator<UUID> UUID_ORDER = (a, b) -> {
        int high = Long.compareUnsigned(a.getMostSignificantBits(), b.getMostSignificantBits());
        return high != 0 ? high : Long.compareUnsigned(a.getLeastSignificantBits(), b.getLeastSignificantBits());
    };

    /** As Postgres orders text under {@code COLLATE "C"}. */
    static final Comparator<String> TEXT_ORDER =
            (a, b) -> Arrays.compareUnsigned(a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8));

    private static final int VERSION_WITH_TIME = 7;

    private Ids() {}

    /** Empty for text that is no UUID in its usual form. */
    static Optional<UUID> parse(String text) {
        if (text.length() != 36) {
            return Optional.empty();
        }
        try {
            UUID id = UUID.fromString(text);
            return id.toString().equals(text.toLowerCase(Locale.ROOT)) ? Optional.of(id) : Optional.empty();
        } catch (IllegalArgumentException notOne) {
            return Optional.empty();
        }
    }

    /** The millisecond in which a UUIDv7 was made; 0 for an id of another version, which does not say. */
    static long timestampMillis(UUID id) {
        return id.version() == VERSION_WITH_TIME ? id.getMostSignificantBits() >>> 16 : 0;
    }

    static long timestampMillis(String text) {
        return parse(text).map(Ids::timestampMillis).orElse(0L);
    }
}
