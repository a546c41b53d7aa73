package dev.lockstep.messaging.record;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** Record values for display: JSON as JSON, text as a string, all other values in base64. */
public final class Payloads {
    private static final TextNode MASK = TextNode.valueOf("***");

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

    /**
     * The JSON value with every text, number and boolean in it replaced. The names of members, the nesting and the lengths of arrays remain.
     * Returns JSON; text that is not JSON is replaced as a whole.
     */
    public static String masked(String json) {
        try {
            return mask(Json.MAPPER.readTree(json)).toString();
        } catch (JsonProcessingException notJson) {
            return MASK.toString();
        }
    }

    private static JsonNode mask(JsonNode value) {
        return switch (value) {
            case ObjectNode object -> {
                ObjectNode masked = Json.MAPPER.createObjectNode();
                object.properties().forEach(member -> masked.set(member.getKey(), mask(member.getValue())));
                yield masked;
            }
            case ArrayNode array -> {
                ArrayNode masked = Json.MAPPER.createArrayNode();
                array.forEach(element -> masked.add(mask(element)));
                yield masked;
            }
            case NullNode none -> none;
            default -> MASK;
        };
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
