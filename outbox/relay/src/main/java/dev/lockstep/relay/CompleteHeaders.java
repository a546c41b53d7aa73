package dev.lockstep.relay;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.jspecify.annotations.Nullable;

/** Reads a row's own header list, {@code [["name","base64 value"],...]}: order and repeated names stay as they are. */
final class CompleteHeaders {
    private static final JsonFactory JSON = new JsonFactory();

    private CompleteHeaders() {}

    /** A null instead of the base64 text is a header without a value. */
    static List<Header> parse(String json) {
        try (JsonParser parser = JSON.createParser(json)) {
            List<Header> headers = new ArrayList<>();
            expect(parser, JsonToken.START_ARRAY, json);
            while (parser.nextToken() == JsonToken.START_ARRAY) {
                expect(parser, JsonToken.VALUE_STRING, json);
                String name = parser.getText();
                byte[] value = parser.nextToken() == JsonToken.VALUE_NULL
                        ? null
                        : Base64.getDecoder().decode(parser.getText());
                headers.add(new RecordHeader(name, value));
                expect(parser, JsonToken.END_ARRAY, json);
            }
            if (parser.currentToken() != JsonToken.END_ARRAY) {
                throw malformed(json, null);
            }
            return headers;
        } catch (IOException | IllegalArgumentException cause) {
            throw malformed(json, cause);
        }
    }

    private static void expect(JsonParser parser, JsonToken token, String json) throws IOException {
        if (parser.nextToken() != token) {
            throw malformed(json, null);
        }
    }

    private static RelayException malformed(String json, @Nullable Exception cause) {
        return new RelayException(
                "the headers column must be [[\"name\",\"base64 value\"],...], but was "
                        + json.substring(0, Math.min(200, json.length())),
                cause);
    }
}
