package dev.lockstep.faults.agent;

import java.lang.reflect.InvocationTargetException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import net.bytebuddy.agent.ByteBuddyAgent;

/** Runs a service's main class, without the protections that the environment names. */
public final class ServiceMain {
    /** The environment variable with the disabled protections, separated by commas. */
    public static final String WITHOUT = "LOCKSTEP_FAULTS_WITHOUT";

    private ServiceMain() {}

    public static void main(String[] program) throws ReflectiveOperationException {
        List<MethodInstrumentation> weavings =
                disabledProtections(System.getenv()).toList();
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
}
