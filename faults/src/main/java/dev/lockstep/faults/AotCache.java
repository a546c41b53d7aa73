package dev.lockstep.faults;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;

/**
 * The JVM's ahead-of-time cache of the services (JEP 483 and 514). The first service that is started creates it when it stops. With the
 * cache a start needs half of the CPU time, and the suite starts a service every few seconds. Without a cache, because the JVM cannot
 * create one, services start without it.
 */
final class AotCache {
    private static final Duration START_LIMIT = Duration.ofMinutes(4);
    private static final Duration CREATE_LIMIT = Duration.ofMinutes(2);

    private final Path file;

    AotCache(Path file) {
        this.file = file;
    }

    boolean exists() {
        return Files.exists(file);
    }

    /**
     * Creates the cache from one run of a service. Leaves no cache behind if the JVM cannot create one.
     *
     * @param start starts a service with the given JVM options
     */
    void create(Function<List<String>, ServiceInstance> start) {
        Path unfinished = file.resolveSibling(file.getFileName() + ".unfinished");
        try (ServiceInstance instance = start.apply(List.of("-XX:AOTCacheOutput=" + unfinished))) {
            Waiting.until("the service that creates the AOT cache to be ready", START_LIMIT, instance::isReady);
            instance.process().stopWithoutRestart(CREATE_LIMIT);
            if (Files.exists(unfinished) && instance.process().exitCode(1, CREATE_LIMIT) == 0) {
                Files.move(unfinished, file);
            } else {
                Files.deleteIfExists(unfinished);
            }
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }

    /** JVM options that use the cache; empty if there is no cache. */
    List<String> jvmOptions() {
        // A JVM with an agent cannot use the cache and would log an error about it.
        return exists() ? List.of("-XX:AOTCache=" + file, "-Xlog:aot=off") : List.of();
    }

    void delete() {
        try {
            Files.deleteIfExists(file);
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }
}
