package dev.lockstep.messaging.record;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** Record values for display: JSON as JSON, text as a string, all other values in base64. */
public final class Payloads {
    private Payloads() {}

    /** A JSON value that shows the bytes. */
    public static String asJson(byte[] bytes) {
        try {
            JsonNode json = Json.MAPPER.readTree(bytes);
            // JSON can contain an escaped half of a surrogate pair, which cannot be encoded as UTF-8.
            return json.isMissingNode() ? quoted(asText(bytes)) : PrintableText.withoutLoneSurrogates(json.toString());
        } catch (IOException notJson) {
            return quoted(asText(bytes));
        }
    }

    /** The bytes as text, or in base64 if they are not text. */
    public static String asText(byte[] bytes) {
        String text = Headers.utf8(bytes);
        return text == null ? Base64.getEncoder().encodeToString(bytes) : text;
    }

    private static String quoted(String text) {
        try {
            return Json.MAPPER.writeValueAsString(text);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("failed to write a string as JSON", e);
        }
    }

    public static @Nullable Buffer buffer(byte @Nullable [] bytes) {
        return bytes == null ? null : Buffer.buffer(bytes);
    }

    @SuppressWarnings("NullAway") // a record's key and value may be null, which its unannotated constructor cannot say
    public static byte[] bytes(@Nullable Buffer buffer) {
        return buffer == null ? null : buffer.getBytes();
    }
}
