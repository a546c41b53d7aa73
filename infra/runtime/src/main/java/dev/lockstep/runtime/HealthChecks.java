package dev.lockstep.runtime;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Readiness: whether the service can do its work now. Liveness: whether it can recover without a restart. Combines the reports of the parts
 * of the service and makes no calls to other systems itself.
 */
public final class HealthChecks {
    private final Map<String, Supplier<Optional<String>>> checks = new ConcurrentSkipListMap<>();
    private final Map<String, Supplier<Optional<String>>> warnings = new ConcurrentSkipListMap<>();
    private final Map<String, Supplier<Optional<String>>> stalls = new ConcurrentSkipListMap<>();

    /**
     * Adds a part to readiness.
     *
     * @param problem one sentence, or empty if the part is healthy; called on an event loop for every probe, so it must answer from memory
     */
    public void register(String name, Supplier<Optional<String>> problem) {
        checks.put(name, problem);
    }

    /**
     * Adds a warning to a part whose readiness is UP.
     *
     * @param warning one sentence, or empty if there is none; must answer from memory, as the part's problem must
     */
    public void warn(String name, Supplier<Optional<String>> warning) {
        warnings.put(name, warning);
    }

    /**
     * Adds a part to liveness. A supervisor restarts the process when liveness fails, so it must not fail for a reason that a restart does
     * not fix, such as an unavailable database or broker.
     *
     * @param stall one sentence, or empty while the part makes progress; must answer from memory
     */
    public void registerLiveness(String name, Supplier<Optional<String>> stall) {
        stalls.put(name, stall);
    }

    /** Removes a part whose work is done. */
    public void unregister(String name) {
        checks.remove(name);
        warnings.remove(name);
        stalls.remove(name);
    }

    /** The readiness report, with the checks ordered by name. */
    public Readiness readiness() {
        return all(checks.entrySet().stream()
                .map(check ->
                        ask(check.getKey(), check.getValue(), warnings.getOrDefault(check.getKey(), Optional::empty)))
                .toList());
    }

    /** The liveness report. Contains no checks while all parts make progress. */
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

    // An exception thrown by one check must not fail the whole report.
    private static Check ask(String name, Supplier<Optional<String>> problem, Supplier<Optional<String>> warning) {
        try {
            return problem.get()
                    .map(sentence -> new Check(name, Status.DOWN, sentence, null))
                    .orElseGet(
                            () -> new Check(name, Status.UP, null, warning.get().orElse(null)));
        } catch (RuntimeException e) {
            return new Check(name, Status.DOWN, "the health check failed: " + e, null);
        }
    }

    /** The result of one check or of a whole report. */
    public enum Status {
        UP,
        DOWN
    }

    /** The result of one part. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Check(
            String name,
            Status status,
            @Nullable String problem,
            @Nullable String warning) {}

    /** The results of all parts. The status is UP only if every part is UP. */
    public record Readiness(Status status, List<Check> checks) {}

    /** Status UP, or DOWN with the parts that make no progress. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Liveness(Status status, @Nullable List<Check> checks) {}
}
