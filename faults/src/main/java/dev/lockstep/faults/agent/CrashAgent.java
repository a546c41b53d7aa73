package dev.lockstep.faults.agent;

import java.lang.instrument.Instrumentation;
import java.util.stream.Stream;

/** Makes a running service crash at a point. The suite loads this agent into the service's JVM. */
public final class CrashAgent {
    private CrashAgent() {}

    /** Returns the agent's argument: the point, and the execution at which the service crashes, the first being 1. */
    public static String argument(CrashPoint point, int execution) {
        return point.name() + ":" + execution;
    }

    /** The JVM calls this method when the agent is loaded. */
    public static void agentmain(String argument, Instrumentation instrumentation) {
        String[] parts = argument.split(":", 2);
        Crash.arm(Integer.parseInt(parts[1]));
        MethodInstrumentation.installInLoadedClasses(
                instrumentation, Stream.of(MethodInstrumentation.of(CrashPoint.valueOf(parts[0]))));
    }
}
