package dev.lockstep.local;

import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.stream.Collectors;

/** Summarises in one line the {@code /health/ready} response of a service that is not ready. */
final class ReadinessText {
    private static final int MAX_LENGTH = 300;

    private ReadinessText() {}

    /** The problems of the checks that are down. A response in another format is returned as it is, except that long text is truncated. */
    static String of(String answer) {
        String text;
        try {
            JsonArray checks = new JsonObject(answer).getJsonArray("checks", new JsonArray());
            text = checks.stream()
                    .map(JsonObject.class::cast)
                    .filter(check -> "DOWN".equals(check.getString("status")))
                    .map(check -> check.getString("problem", check.getString("name")))
                    .collect(Collectors.joining("; "));
        } catch (DecodeException | ClassCastException otherForm) {
            text = answer;
        }
        String line = text.isBlank() ? answer.strip() : text.strip();
        return line.length() > MAX_LENGTH ? line.substring(0, MAX_LENGTH) + "..." : line;
    }
}
