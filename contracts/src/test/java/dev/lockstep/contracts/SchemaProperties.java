package dev.lockstep.contracts;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * The members of a message at all levels, with their types, as a reader relies on them. Independent of how the schema is written and split
 * into files.
 */
record SchemaProperties(SortedMap<String, Property> members) {
    /** The type is the JSON type with its format and, if there is an enumeration, its values. */
    record Property(String type, boolean required) {}

    SchemaProperties {
        members = Collections.unmodifiableSortedMap(new TreeMap<>(members));
    }

    /** Reads a schema. Schemas that it references by file name are read with {@code load}. */
    static SchemaProperties of(JsonNode schema, Function<String, JsonNode> load) {
        SortedMap<String, Property> members = new TreeMap<>();
        walk("", true, schema, load, members);
        return new SchemaProperties(members);
    }

    /** Changes that break a reader of the released schema, or that reject a message of the released schema. */
    List<String> incompatibilities(SchemaProperties released) {
        List<String> breaks = new ArrayList<>();
        released.members.forEach((path, before) -> {
            Property now = members.get(path);
            if (now == null) {
                breaks.add(path + " was removed, but released readers rely on it");
                return;
            }
            if (!now.type.equals(before.type)) {
                breaks.add(path + " was " + before.type + " and is now " + now.type);
            }
            if (now.required && !before.required) {
                breaks.add(path + " became required, but released senders may leave it out");
            }
            if (!now.required && before.required) {
                breaks.add(path + " became optional, but released readers require it");
            }
        });
        members.forEach((path, now) -> {
            if (now.required && !released.members.containsKey(path) && released.members.containsKey(parent(path))) {
                breaks.add(path + " is new and required, but released senders do not send it");
            }
        });
        return breaks;
    }

    private static void walk(
            String path,
            boolean required,
            JsonNode schema,
            Function<String, JsonNode> load,
            SortedMap<String, Property> members) {
        if (schema.has("$ref")) {
            walk(path, required, load.apply(schema.path("$ref").asText()), load, members);
        }
        schema.path("allOf").forEach(part -> walk(path, required, part, load, members));
        if (schema.has("type")) {
            members.put(path, new Property(type(schema), required));
        }
        schema.path("properties").properties().forEach(property -> {
            boolean requiredHere = Contracts.texts(schema.path("required")).contains(property.getKey());
            String member = path.isEmpty() ? property.getKey() : path + "." + property.getKey();
            walk(member, requiredHere, property.getValue(), load, members);
        });
        if (schema.has("items")) {
            walk(path + "[]", true, schema.path("items"), load, members);
        }
    }

    private static String type(JsonNode schema) {
        String type = schema.path("type").asText()
                + (schema.has("format") ? " (" + schema.path("format").asText() + ")" : "");
        return schema.has("enum") ? type + " of " + new TreeSet<>(Contracts.texts(schema.path("enum"))) : type;
    }

    private static String parent(String path) {
        if (path.endsWith("[]")) {
            return path.substring(0, path.length() - 2);
        }
        return path.contains(".") ? path.substring(0, path.lastIndexOf('.')) : "";
    }
}
