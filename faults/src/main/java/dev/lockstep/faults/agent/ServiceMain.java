package dev.lockstep.faults.agent;

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
        List<MethodInstrumentation> weavings = Stream.concat(disabledProtections(environment), crash(environment))
                .toList();
        if (!weavings.isEmpty()) {
            MethodInstrumentation.install(ByteBuddyAgent.getInstrumentation(), weavings.stream());
        }
        try {
            Class.forName(program[0]).getMethod("main", String[].class).invoke(null, (Object) new String[0]);
        } catch (InvocationTargetException failure) {
            throw new IllegalStateException(program[0] + " failed", failure.getCause());
        }
    }

    private static Stream<MethodInstrumentation> disabledProtections(Map<String, String> environment) {
        return Arrays.stream(environment.getOrDefault(WITHOUT, "").split(",", -1))
                .filter(label -> !label.isBlank())
                .map(Protection::of)
                .flatMap(protection -> MethodInstrumentation.disabling(protection).stream());
    }

    // After the protections: what is woven in last comes first at run time, so a step that is switched off is passed
    // all the same.
    private static Stream<MethodInstrumentation> crash(Map<String, String> environment) {
        String crash = environment.get(CRASH);
        if (crash == null) {
            return Stream.empty();
        }
        String[] parts = crash.split(":", 2);
        Crash.arm(Integer.parseInt(parts[1]));
        return Stream.of(MethodInstrumentation.of(CrashPoint.valueOf(parts[0])));
    }
}
