package dev.lockstep.faults.inside;

import java.lang.reflect.InvocationTargetException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import net.bytebuddy.agent.ByteBuddyAgent;

/** Runs a service's own program, with a crash or without a protection woven in where the environment asks for it. */
public final class ServiceMain {
    /** A crash point and the passage that it happens at, as in {@code claimed:20}. */
    public static final String CRASH = "LOCKSTEP_FAULTS_CRASH";
    /** Protections, separated by commas. */
    public static final String WITHOUT = "LOCKSTEP_FAULTS_WITHOUT";

    private ServiceMain() {}

    public static void main(String[] program) throws ReflectiveOperationException {
        Map<String, String> environment = System.getenv();
        List<Weaving> weavings =
                Stream.concat(without(environment), crash(environment)).toList();
        if (!weavings.isEmpty()) {
            Weaving.install(ByteBuddyAgent.getInstrumentation(), weavings.stream());
        }
        try {
            Class.forName(program[0]).getMethod("main", String[].class).invoke(null, (Object) new String[0]);
        } catch (InvocationTargetException failure) {
            throw new IllegalStateException(program[0] + " failed", failure.getCause());
        }
    }

    private static Stream<Weaving> without(Map<String, String> environment) {
        return Arrays.stream(environment.getOrDefault(WITHOUT, "").split(",", -1))
                .filter(label -> !label.isBlank())
                .map(Protection::of)
                .flatMap(protection -> Weaving.without(protection).stream());
    }

    // After the protections: what is woven in last comes first at run time, so a step that is switched off is passed
    // all the same.
    private static Stream<Weaving> crash(Map<String, String> environment) {
        String crash = environment.get(CRASH);
        if (crash == null) {
            return Stream.empty();
        }
        String[] parts = crash.split(":", 2);
        Crash.at(Integer.parseInt(parts[1]));
        return Stream.of(Weaving.of(CrashPoint.valueOf(parts[0])));
    }
}
