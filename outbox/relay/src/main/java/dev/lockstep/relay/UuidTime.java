package dev.lockstep.relay;

import java.time.Instant;
import java.util.HexFormat;
import java.util.Optional;

/** Reads the time from a UUIDv7. */
final class UuidTime {
    private UuidTime() {}

    /** The millisecond in which the id was generated. Empty for ids of other versions, which carry no time. */
    static Optional<Instant> of(String uuid) {
        if (uuid.length() != 36 || uuid.charAt(14) != '7') {
            return Optional.empty();
        }
        long high = HexFormat.fromHexDigitsToLong(uuid, 0, 8);
        long low = HexFormat.fromHexDigitsToLong(uuid, 9, 13);
        return Optional.of(Instant.ofEpochMilli(high << 16 | low));
    }
}
