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

/** Parses a row's own header list, {@code [["name","base64 value"],...]}. Order and repeated names are preserved. */
final class HeaderListParser {
    private static final JsonFactory JSON = new JsonFactory();

    private HeaderListParser() {}

    /**
     * A null in place of the base64 text is a header without a value.
     *
     * @throws RelayException if the text is not such a list
     */
    static List<Header> parse(String row, String json) {
        try (JsonParser parser = JSON.createParser(json)) {
            List<Header> headers = new ArrayList<>();
            expect(parser, JsonToken.START_ARRAY);
            while (parser.nextToken() == JsonToken.START_ARRAY) {
                expect(parser, JsonToken.VALUE_STRING);
                String name = parser.getText();
                byte[] value = parser.nextToken() == JsonToken.VALUE_NULL
                        ? null
                        : Base64.getDecoder().decode(parser.getText());
                headers.add(new RecordHeader(name, value));
                expect(parser, JsonToken.END_ARRAY);
            }
            if (parser.currentToken() != JsonToken.END_ARRAY) {
                throw new IllegalArgumentException("expected a list or the end of the list");
            }
            return headers;
        } catch (IOException | IllegalArgumentException cause) {
            throw new RelayException(
                    "outbox row %s cannot be published: its headers must be [[\"name\",\"base64 value\"],...], but are %s"
                            .formatted(row, json.substring(0, Math.min(200, json.length()))),
                    cause);
        }
    }

    private static void expect(JsonParser parser, JsonToken token) throws IOException {
        if (parser.nextToken() != token) {
            throw new IllegalArgumentException("expected " + token);
        }
    }
}
