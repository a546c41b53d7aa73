package dev.lockstep.audit;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.jspecify.annotations.Nullable;

/** The first 64 bits of SHA-256 over a record's content. Contents that differ in any way have different digests, barring a collision. */
final class Digest {
    private final MessageDigest sha256;

    Digest() {
        try {
            sha256 = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException cause) {
            throw new AssertionError("every JDK has SHA-256", cause);
        }
    }

    Digest add(byte @Nullable [] part) {
        // Each part is prefixed with its length, so that different lists of parts never produce the same input. The
        // length of a missing part is -1, which distinguishes it from an empty one.
        sha256.update(ByteBuffer.allocate(Integer.BYTES)
                .putInt(part == null ? -1 : part.length)
                .flip());
        if (part != null) {
            sha256.update(part);
        }
        return this;
    }

    Digest add(@Nullable String part) {
        return add(part == null ? null : part.getBytes(StandardCharsets.UTF_8));
    }

    /** Returns the digest of the parts added since the last call, and starts a new one. */
    long digest() {
        return ByteBuffer.wrap(sha256.digest()).getLong();
    }
}
