package dev.lockstep.audit;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.jspecify.annotations.Nullable;

/** Sixty-four bits of SHA-256 that stand for a record's content: two that differ are told apart, whatever the difference. */
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
        // The length goes before each part, so that no two lists of parts look alike; a part that is not there is not
        // empty.
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

    /** What was added since the last call. */
    long digest() {
        return ByteBuffer.wrap(sha256.digest()).getLong();
    }
}
