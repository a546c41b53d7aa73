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
 * Record headers as they are kept in Postgres: every one, in order, byte for byte, as {@code [["name","base64"],...]}. Only U+0000
 * in a name, which jsonb cannot hold, becomes {@code \\0}.
 */
public final class Headers {
    // An entry of a B-tree of Postgres has room for 2704 bytes, which a key shares with what else the index has.
    private static final int MAX_KEY_BYTES = 1_000;
    private static final int MAX_TYPE_LENGTH = 255;
    // Of a name and of a value, as varints.
    private static final int MAX_LENGTH_PREFIX_BYTES = 10;

    private Headers() {}

    /** At most how many bytes they take in a record. */
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

    /** For people: names and values as text, the last of a name. */
    public static Map<String, String> toDisplayMap(JsonArray headers) {
        Map<String, String> all = new LinkedHashMap<>();
        for (Header header : toKafka(headers)) {
            all.put(header.key(), header.value() == null ? "" : new String(header.value(), StandardCharsets.UTF_8));
        }
        return all;
    }

    /** The {@code ce_type} as Postgres can hold and index it. */
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

    /** The record's key as text if Postgres can hold and index it as such, else null. */
    public static @Nullable String key(ConsumerRecord<byte[], byte[]> record) {
        String key = utf8(record.key());
        return key == null || isTooLong(key) ? null : key;
    }

    /** Whether a key has no room in an index of Postgres. */
    static boolean isTooLong(String key) {
        return key.getBytes(StandardCharsets.UTF_8).length > MAX_KEY_BYTES;
    }

    /** The text as Postgres can hold it: with {@code \\0} for U+0000 and U+FFFD for each half of a surrogate pair. */
    public static String toStorable(String text) {
        return PrintableText.withoutLoneSurrogates(text.replace("\0", "\\0"));
    }

    /** The bytes as text if they are valid UTF-8 that Postgres can hold as text, else null. */
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
