package dev.lockstep.order;

import dev.lockstep.order.domain.OrderLine;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The idempotency key of a request, with a hash of the request that carried it.
 *
 * @param requestHash SHA-256 in hexadecimal; equal for bodies that describe the same order, regardless of formatting
 */
record Idempotency(String key, String requestHash) {
    static final String HEADER = "Idempotency-Key";
    static final String RULE = "must be 1 to 255 visible ASCII characters";
    private static final Pattern KEY = Pattern.compile("[\\x21-\\x7E]{1,255}");

    static boolean isKey(String text) {
        return KEY.matcher(text).matches();
    }

    static Idempotency of(String key, String userId, List<OrderLine> lines) {
        MessageDigest digest = sha256();
        add(digest, userId);
        for (OrderLine line : lines) {
            add(digest, line.productId());
            add(digest, Integer.toString(line.qty()));
        }
        return new Idempotency(key, HexFormat.of().formatHex(digest.digest()));
    }

    private static void add(MessageDigest digest, String member) {
        digest.update(member.getBytes(StandardCharsets.UTF_8));
        // The separator keeps distinct requests from producing the same bytes: no member contains U+0000.
        digest.update((byte) 0);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("SHA-256 is not available", e);
        }
    }
}
