package dev.lockstep.runtime;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Whether the service can do its work right now (readiness), and whether it still can get on by itself (liveness). It gathers what its
 * parts say; it asks nothing of the outside itself.
 */
public final class HealthChecks {
    private final Map<String, Supplier<Optional<String>>> checks = new ConcurrentSkipListMap<>();
    private final Map<String, Supplier<Optional<String>>> warnings = new ConcurrentSkipListMap<>();
    private final Map<String, Supplier<Optional<String>>> stalls = new ConcurrentSkipListMap<>();

    /**
     * Adds a part to readiness.
     *
     * @param problem empty while all is well, else one clear sentence; called on an event loop for every probe, so it must
     *     answer from memory
     */
    public void register(String name, Supplier<Optional<String>> problem) {
        checks.put(name, problem);
    }

    /**
     * Adds what is worth a warning to a part that counts as up.
     *
     * @param warning empty while there is none, else one clear sentence; answered from memory, as the part's problem is
     */
    public void warn(String name, Supplier<Optional<String>> warning) {
        warnings.put(name, warning);
    }

    /**
     * Adds a part to liveness, after which a supervisor restarts the process. So it must not fail for anything that a restart does not
     * mend, such as a database or a broker that is away.
     *
     * @param stall empty as long as the part makes progress, else one clear sentence; answered from memory
     */
    public void registerLiveness(String name, Supplier<Optional<String>> stall) {
        stalls.put(name, stall);
    }

    /** Takes a part out again, for one whose work is done. */
    public void unregister(String name) {
        checks.remove(name);
        warnings.remove(name);
        stalls.remove(name);
    }

    /** What readiness answers, the checks by name. */
    public Readiness readiness() {
        return all(checks.entrySet().stream()
                .map(check ->
                        ask(check.getKey(), check.getValue(), warnings.getOrDefault(check.getKey(), Optional::empty)))
                .toList());
    }

    /** What liveness answers; without checks as long as all parts make progress. */
    public Liveness liveness() {
        List<Check> stalled = stalls.entrySet().stream()
                .map(stall -> ask(stall.getKey(), stall.getValue(), Optional::empty))
                .filter(check -> check.status() == Status.DOWN)
                .toList();
        return stalled.isEmpty() ? new Liveness(Status.UP, null) : new Liveness(Status.DOWN, stalled);
    }

    private static Readiness all(List<Check> answers) {
        boolean up = answers.stream().allMatch(check -> check.status() == Status.UP);
        return new Readiness(up ? Status.UP : Status.DOWN, answers);
    }

    // A check that dies is a problem of its own, not of the whole answer.
    private static Check ask(String name, Supplier<Optional<String>> problem, Supplier<Optional<String>> warning) {
        try {
            return problem.get()
                    .map(sentence -> new Check(name, Status.DOWN, sentence, null))
                    .orElseGet(
                            () -> new Check(name, Status.UP, null, warning.get().orElse(null)));
        } catch (RuntimeException e) {
            return new Check(name, Status.DOWN, "the check itself failed: " + e, null);
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
            String name,
            Status status,
            @Nullable String problem,
            @Nullable String warning) {}

    /** All parts' answers: up only when every one is. */
    public record Readiness(Status status, List<Check> checks) {}

    /** Up, or which parts make no progress. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Liveness(Status status, @Nullable List<Check> checks) {}
}
