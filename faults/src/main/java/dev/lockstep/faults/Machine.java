package dev.lockstep.faults;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * The disk and the environment that a case needs.
 *
 * @param disk where Postgres keeps its data
 * @param environment environment variables of the services' JVMs
 * @param mounted whether {@code disk} is a mount of its own, which {@link #close()} unmounts
 */
record Machine(Path disk, Map<String, String> environment, boolean mounted) implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final String SIZE = "640m";
    private static final List<Path> FAKETIME = List.of(
            Path.of("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"),
            Path.of("/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1"));

    /** @throws FaultsException if this machine lacks a prerequisite; the message says how to provide it */
    static Machine of(FaultCase.MachineType where, Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
        return switch (where) {
            case SHARED -> new Machine(folder, Map.of(), false);
            case SMALL_DISK -> smallDisk(folder);
            case OWN_CLOCK -> ownClock(folder);
        };
    }

    @Override
    public void close() {
        if (mounted) {
            Commands.run(List.of("umount", "-l", disk.toString()), LIMIT);
        }
    }

    // A separate disk, so that only Postgres is affected when it is full.
    private static Machine smallDisk(Path folder) {
        Path disk = folder.resolve("disk");
        try {
            Files.createDirectories(disk);
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
        Commands.Result mount = Commands.run(
                List.of("mount", "-t", "tmpfs", "-o", "size=" + SIZE + ",mode=0777", "tmpfs", disk.toString()), LIMIT);
        if (mount.exitCode() != 0) {
            throw new FaultsException(
                    "the case needs a small disk for Postgres, and mounting it failed: run the suite as root,"
                            + " in a container with CAP_SYS_ADMIN (" + mount.output() + ")");
        }
        return new Machine(disk, Map.of(), true);
    }

    private static Machine ownClock(Path folder) {
        Path library = FAKETIME.stream()
                .filter(Files::exists)
                .findFirst()
                .orElseThrow(() -> new FaultsException(
                        "the case needs libfaketime to set the services' clocks: apt-get install faketime"));
        Path clock = folder.resolve(MachineCases.CLOCK_FILE);
        MachineCases.write(clock, "+0");
        return new Machine(
                folder,
                Map.of(
                        "LD_PRELOAD",
                        library.toString(),
                        "FAKETIME_TIMESTAMP_FILE",
                        clock.toString(),
                        // How many seconds libfaketime caches the file. Without the cache it reads the file whenever a
                        // program asks for the time.
                        "FAKETIME_CACHE_DURATION",
                        "1",
                        // Only wall-clock time jumps; the monotonic clock keeps running, so durations stay correct.
                        "FAKETIME_DONT_FAKE_MONOTONIC",
                        "1",
                        // Otherwise waits on the monotonic clock return at once, and every thread spins.
                        "FAKETIME_FORCE_MONOTONIC_FIX",
                        "0"),
                false);
    }
}
