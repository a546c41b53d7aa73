package dev.lockstep.testing;

import java.util.Optional;
import java.util.function.Supplier;

/**
 * Which servers tests use.
 *
 * @param containers whether they run in containers; otherwise they are embedded
 * @param reason why, for the log
 */
record Selection(boolean containers, String reason) {
    /**
     * @param value of the switch: {@code auto}, {@code embedded} or {@code containers}
     * @param engineProblem returns why containers cannot be used, or nothing; only asked if the switch is {@code auto}
     */
    static Selection of(String value, Supplier<Optional<String>> engineProblem) {
        return switch (value) {
            case "embedded", "containers" -> new Selection(value.equals("containers"), "-D" + ServerProvider.SWITCH);
            case "auto" ->
                engineProblem
                        .get()
                        .map(problem -> new Selection(false, problem))
                        .orElseGet(() -> new Selection(true, "a container engine has the images"));
            default ->
                throw new IllegalStateException("-D%s must be auto, embedded or containers, but was %s"
                        .formatted(ServerProvider.SWITCH, value));
        };
    }
}
