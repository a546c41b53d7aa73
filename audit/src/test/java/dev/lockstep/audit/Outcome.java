package dev.lockstep.audit;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What an audit said, and how it ended. */
record Outcome(int exitCode, String out, String err, JsonNode json) {
    /** The ids of what is broken, by check. */
    Map<String, List<String>> broken() {
        Map<String, List<String>> broken = new TreeMap<>();
        for (JsonNode check : json.path("checks")) {
            for (JsonNode finding : check.get("findings")) {
                broken.computeIfAbsent(check.get("name").asText(), name -> new ArrayList<>())
                        .add(finding.get("id").asText());
            }
        }
        return broken;
    }

    /** What was expected and found, a line for each finding. */
    List<String> findings() {
        List<String> told = new ArrayList<>();
        for (JsonNode check : json.path("checks")) {
            for (JsonNode finding : check.get("findings")) {
                told.add(finding.get("expected").asText() + " | "
                        + finding.get("found").asText());
            }
        }
        return told;
    }

    /** How many each check left open, of those that did. */
    Map<String, Long> undecided() {
        Map<String, Long> undecided = new TreeMap<>();
        for (JsonNode check : json.path("checks")) {
            long open = check.path("undecided").asLong();
            if (open > 0) {
                undecided.put(check.get("name").asText(), open);
            }
        }
        return undecided;
    }

    long counted(String check, String what) {
        for (JsonNode each : json.path("checks")) {
            if (each.get("name").asText().equals(check)) {
                return each.get("counted").path(what).asLong();
            }
        }
        return 0;
    }
}
