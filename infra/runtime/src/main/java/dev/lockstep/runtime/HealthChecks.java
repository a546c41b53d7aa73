package dev.lockstep.runtime;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Whether the service can do its work right now. It gathers what its parts say; it asks nothing of the outside itself. */
public final class HealthChecks {
    private final Map<String, Supplier<Optional<String>>> checks = new ConcurrentSkipListMap<>();

    /**
     * Adds a part to readiness.
     *
     * @param problem empty while all is well, else one clear sentence; called on an event loop for every probe, so it must
     *     answer from memory
     */
    public void register(String name, Supplier<Optional<String>> problem) {
        checks.put(name, problem);
    }

    /** Takes a part out again, for one whose work is done. */
    public void unregister(String name) {
        checks.remove(name);
    }

    /** What readiness answers, the checks by name. */
    public Readiness readiness() {
        List<Check> answers = checks.entrySet().stream()
                .map(check -> ask(check.getKey(), check.getValue()))
                .toList();
        boolean up = answers.stream().allMatch(check -> check.status() == Status.UP);
        return new Readiness(up ? Status.UP : Status.DOWN, answers);
    }

    // A check that dies is a problem of its own, not of the whole answer.
    private static Check ask(String name, Supplier<Optional<String>> problem) {
        try {
            return problem.get()
                    .map(sentence -> new Check(name, Status.DOWN, sentence))
                    .orElseGet(() -> new Check(name, Status.UP, null));
        } catch (RuntimeException e) {
            return new Check(name, Status.DOWN, "the check itself failed: " + e);
        }
    }

    /** Up, or not. */
    public enum Status {
        UP,
        DOWN
    }

    /** One part's answer. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Check(
            String name, Status status, @Nullable String problem) {}

    /** All parts' answers: up only when every one is. */
    public record Readiness(Status status, List<Check> checks) {}
}
