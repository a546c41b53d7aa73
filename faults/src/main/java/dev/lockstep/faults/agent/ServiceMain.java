package dev.lockstep.faults.agent;

import java.lang.reflect.InvocationTargetException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import net.bytebuddy.agent.ByteBuddyAgent;

/** Runs a service's main class. The environment can request a crash point and disabled protections. */
public final class ServiceMain {
    /** The environment variable with a crash point and the execution at which it crashes, as in {@code CLAIMED:20}. */
    public static final String CRASH = "LOCKSTEP_FAULTS_CRASH";
    /** The environment variable with the disabled protections, separated by commas. */
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

    // The crash is installed after the protections. Advice that is installed last runs first, so the crash point is
    // reached even if a protection skips the method.
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
