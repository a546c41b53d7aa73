package dev.lockstep.bench.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Finds client programs of Postgres. The embedded server brings none of them, and they work with servers that are newer than they are. */
public final class PgTools {
    private static final Path DEBIAN = Path.of("/usr/lib/postgresql");

    private PgTools() {}

    /** The newest such program of Debian's folders, or the one on the path. */
    public static Optional<String> find(String name) {
        return installed(name).map(Path::toString).or(() -> runs(name) ? Optional.of(name) : Optional.empty());
    }

    private static Optional<Path> installed(String name) {
        if (!Files.isDirectory(DEBIAN)) {
            return Optional.empty();
        }
        try (Stream<Path> versions = Files.list(DEBIAN)) {
            return versions.map(version -> version.resolve("bin").resolve(name))
                    .filter(Files::isExecutable)
                    .max(Comparator.comparingInt(PgTools::version));
        } catch (IOException unreadable) {
            return Optional.empty();
        }
    }

    private static int version(Path program) {
        String digits =
                String.valueOf(program.getName(program.getNameCount() - 3)).replaceAll("\\D.*", "");
        return digits.isEmpty() ? 0 : Integer.parseInt(digits);
    }

    private static boolean runs(String name) {
        try {
            Process process = new ProcessBuilder(name, "--version")
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException missing) {
            return false;
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
