package dev.lockstep.faults;

import java.util.Random;
import java.util.UUID;

/** Identifiers as a well-behaved producer generates them. */
final class Uuids {
    private Uuids() {}

    /** Returns a UUIDv7 of the current time (RFC 9562, section 5.7). */
    static UUID version7(Random random) {
        return new UUID(
                (System.currentTimeMillis() << 16) | 0x7000 | random.nextInt(0x1000),
                (random.nextLong() >>> 2) | Long.MIN_VALUE);
    }
}
