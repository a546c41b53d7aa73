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
 * What a reader of a message relies on: its members, however deep and wherever they are defined, and nothing of how the
 * schema words it.
 */
record SchemaProperties(SortedMap<String, Property> members) {
    /** The type is JSON's own, with its format and, where only certain values are allowed, those. */
    record Property(String type, boolean required) {}

    SchemaProperties {
        members = Collections.unmodifiableSortedMap(new TreeMap<>(members));
    }

    /** Reads a schema, and those it refers to by file name with {@code load}. */
    static SchemaProperties of(JsonNode schema, Function<String, JsonNode> load) {
        SortedMap<String, Property> members = new TreeMap<>();
        walk("", true, schema, load, members);
        return new SchemaProperties(members);
    }

    /** Whatever would make one of the two, a reader of the released shape or a message of it, fail with this one. */
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
