package dev.lockstep.audit;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The output and the exit code of an audit. */
record Outcome(int exitCode, String out, String err, JsonNode json) {
    /** The ids of the findings, by check. */
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

    /** The expected and the found text of each finding, one line per finding. */
    List<String> findings() {
        List<String> lines = new ArrayList<>();
        for (JsonNode check : json.path("checks")) {
            for (JsonNode finding : check.get("findings")) {
                lines.add(finding.get("expected").asText() + " | "
                        + finding.get("found").asText());
            }
        }
        return lines;
    }

    /** The number of undecided items by check, without the checks that have none. */
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
