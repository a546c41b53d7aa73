package dev.lockstep.messaging.deadletter;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Sixteen hex digits that are equal for dead letters that failed in the same way. Error messages, which contain ids, and line numbers,
 * which change with every edit, are not part of it.
 */
public final class Fingerprint {
    private static final int BYTES = 8;

    private Fingerprint() {}

    public static String of(
            String consumer, String topic, @Nullable String type, String reason, @Nullable Throwable cause) {
        List<String> parts = new ArrayList<>(List.of(consumer, topic, type == null ? "" : type, reason));
        if (cause == null) {
            parts.add("");
        } else {
            parts.addAll(StackTraceSummary.outline(cause));
        }
        return hash(String.join("\n", parts));
    }

    private static String hash(String text) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash, 0, BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("SHA-256 is not available", e);
        }
    }
}
