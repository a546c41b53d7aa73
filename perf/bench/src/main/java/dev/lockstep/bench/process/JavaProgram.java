package dev.lockstep.bench.process;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Command lines that run classes of this class path in JVMs of their own. */
public final class JavaProgram {
    private static final List<String> OPTIONS = List.of(
            "-XX:+ExitOnOutOfMemoryError",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow");
    // What the images use, so that a service is measured as it is deployed.
    private static final List<String> SERVICE = List.of("-XX:+UseSerialGC", "-XX:-UsePerfData");

    private JavaProgram() {}

    /** @param heap the size of the heap, such as {@code 256m}; fixed, so that the collector does not resize it meanwhile */
    public static List<String> command(Class<?> main, String heap, List<String> arguments) {
        return command(main.getName(), heap, arguments);
    }

    public static List<String> command(String main, String heap, List<String> arguments) {
        List<String> options = new ArrayList<>(List.of("-Xms" + heap, "-Xmx" + heap));
        options.addAll(SERVICE);
        return command(options, main, arguments);
    }

    /** A command with exactly these options besides those that every program needs. */
    public static List<String> command(List<String> options, String main, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(OPTIONS);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main));
        command.addAll(arguments);
        return command;
    }
}
