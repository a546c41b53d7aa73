package dev.lockstep.messaging.record;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.deser.std.StdScalarDeserializer;
import com.fasterxml.jackson.databind.deser.std.StringDeserializer;
import com.fasterxml.jackson.databind.type.LogicalType;
import java.io.IOException;

/** Reads text that Postgres can store and Kafka can carry unchanged, and refuses all other text. */
final class StorableTextDeserializer extends StdScalarDeserializer<String> {
    private static final long serialVersionUID = 1;

    StorableTextDeserializer() {
        super(String.class);
    }

    @Override
    public LogicalType logicalType() {
        return LogicalType.Textual;
    }

    @Override
    public String deserialize(JsonParser parser, DeserializationContext context) throws IOException {
        String text = StringDeserializer.instance.deserialize(parser, context);
        if (!TextRules.isStorable(text)) {
            throw context.weirdStringException(text, String.class, TextRules.RULE);
        }
        return text;
    }
}
