package dev.lockstep.bench;

import dev.lockstep.bench.process.Resources;
import dev.lockstep.embedded.LocalPostgres;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * What a scenario gets from the run.
 *
 * @param folder for data and logs of this scenario
 * @param quick whether the run only checks that everything works; its values are no measurement
 * @param rounds how many rounds have to count
 * @param tools the path of each external program, by its name
 * @param resources closes what the scenario has started
 * @param out receives the progress
 */
public record Lab(
        Path folder, boolean quick, int rounds, Map<String, String> tools, Resources resources, PrintWriter out) {

    /** A new folder, which a Postgres server can use if root runs it as another user. */
    public Path newFolder(String name) {
        Path created = folder.resolve(name);
        try {
            Files.createDirectories(created);
        } catch (IOException cause) {
            throw new UncheckedIOException("cannot create " + created, cause);
        }
        LocalPostgres.grantTraversal(folder);
        return created;
    }

    public Path log(String name) {
        return newFolder("logs").resolve(name + ".log");
    }

    public Duration seconds(int measured, int whenQuick) {
        return Duration.ofSeconds(quick ? whenQuick : measured);
    }

    public int count(int measured, int whenQuick) {
        return quick ? whenQuick : measured;
    }

    public String tool(String name) {
        String path = tools.get(name);
        if (path == null) {
            throw new BenchException(name + " was not found; the scenario must declare it");
        }
        return path;
    }

    public void progress(String line) {
        out.println("    " + line);
        out.flush();
    }
}
