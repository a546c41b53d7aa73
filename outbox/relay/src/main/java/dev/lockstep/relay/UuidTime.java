package dev.lockstep.relay;

import java.time.Instant;
import java.util.HexFormat;
import java.util.Optional;

/** Reads the time out of a UUIDv7. */
final class UuidTime {
    private UuidTime() {}

    /** The millisecond that the id was made in. Empty for ids of another version, which carry none. */
    static Optional<Instant> of(String uuid) {
        if (uuid.length() != 36 || uuid.charAt(14) != '7') {
            return Optional.empty();
        }
        long high = HexFormat.fromHexDigitsToLong(uuid, 0, 8);
        long low = HexFormat.fromHexDigitsToLong(uuid, 9, 13);
        return Optional.of(Instant.ofEpochMilli(high << 16 | low));
    }
}
