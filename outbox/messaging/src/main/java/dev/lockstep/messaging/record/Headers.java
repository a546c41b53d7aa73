package dev.lockstep.messaging.record;

import io.vertx.core.json.JsonArray;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;

/**
 * Record headers as Postgres stores them: all of them, in order and byte for byte, as {@code [["name","base64"],...]}. The only change is
 * U+0000 in a name, which jsonb cannot hold and which becomes {@code \\0}.
 */
public final class Headers {
    // An entry of a Postgres B-tree holds 2704 bytes, which the key shares with the other columns of the index.
    private static final int MAX_KEY_BYTES = 1_000;
    private static final int MAX_TYPE_LENGTH = 255;
    // Two varints: the lengths of the name and of the value.
    private static final int MAX_LENGTH_PREFIX_BYTES = 10;

    private Headers() {}

    /** An upper bound for the bytes that the headers take in a record. */
    public static long size(Iterable<Header> headers) {
        long size = 0;
        for (Header header : headers) {
            size += MAX_LENGTH_PREFIX_BYTES + header.key().getBytes(StandardCharsets.UTF_8).length;
            size += header.value() == null ? 0 : header.value().length;
        }
        return size;
    }

    /** The last header of that name as text, or null. */
    public static @Nullable String text(ConsumerRecord<byte[], byte[]> record, String name) {
        Header header = record.headers().lastHeader(name);
        return header == null || header.value() == null ? null : new String(header.value(), StandardCharsets.UTF_8);
    }

    public static JsonArray toJson(Iterable<Header> headers) {
        JsonArray all = new JsonArray();
        headers.forEach(header -> all.add(pair(header.key(), header.value())));
        return all;
    }

    public static JsonArray pair(String name, byte @Nullable [] value) {
        return new JsonArray()
                .add(toStorable(name))
                .add(value == null ? null : Base64.getEncoder().encodeToString(value));
    }

    public static JsonArray pair(String name, String value) {
        return pair(name, value.getBytes(StandardCharsets.UTF_8));
    }

    public static RecordHeaders toKafka(JsonArray headers) {
        RecordHeaders all = new RecordHeaders();
        for (int i = 0; i < headers.size(); i++) {
            JsonArray pair = headers.getJsonArray(i);
            String value = pair.getString(1);
            all.add(
                    pair.getString(0),
                    value == null ? null : Base64.getDecoder().decode(value));
        }
        return all;
    }

    /** The headers for display: names and values as text, with the last value of each name. */
    public static Map<String, String> toDisplayMap(JsonArray headers) {
        Map<String, String> all = new LinkedHashMap<>();
        for (Header header : toKafka(headers)) {
            all.put(header.key(), header.value() == null ? "" : new String(header.value(), StandardCharsets.UTF_8));
        }
        return all;
    }

    /** The {@code ce_type} in a form that Postgres can store and index. */
    public static @Nullable String type(ConsumerRecord<byte[], byte[]> record) {
        String type = text(record, "ce_type");
        return type == null ? null : truncate(toStorable(type), MAX_TYPE_LENGTH);
    }

    public static String truncate(String text, int most) {
        if (text.length() <= most) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(most - 1)) ? most - 1 : most;
        return text.substring(0, end) + "...";
    }

    /** The record's key as text if Postgres can store and index it as text, else null. */
    public static @Nullable String key(ConsumerRecord<byte[], byte[]> record) {
        String key = utf8(record.key());
        return key == null || isTooLong(key) ? null : key;
    }

    /** Whether a key is too long for a Postgres index. */
    static boolean isTooLong(String key) {
        return key.getBytes(StandardCharsets.UTF_8).length > MAX_KEY_BYTES;
    }

    /** The text in a form that Postgres can store: U+0000 becomes {@code \\0}, and each half of a surrogate pair becomes U+FFFD. */
    public static String toStorable(String text) {
        return PrintableText.withoutLoneSurrogates(text.replace("\0", "\\0"));
    }

    /** The bytes as text if they are valid UTF-8 that Postgres can store as text, else null. */
    public static @Nullable String utf8(byte @Nullable [] bytes) {
        if (bytes == null) {
            return null;
        }
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            return text.indexOf('\0') < 0 ? text : null;
        } catch (CharacterCodingException binary) {
            return null;
        }
    }
}
