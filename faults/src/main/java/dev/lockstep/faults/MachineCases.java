package dev.lockstep.faults;

import dev.lockstep.faults.agent.Protection;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Full disks and jumping clocks. */
final class MachineCases {
    /** The file that fills the small disk, next to Postgres' data. */
    static final String FILLER_FILE = "ballast";
    /** The file with the clock offset in seconds, such as {@code +3600}. */
    static final String CLOCK_FILE = "clock";

    private MachineCases() {}

    static List<FaultCase> all() {
        return List.of(
                new FaultCase(
                        "disk-full",
                        "the disk of Postgres full for a while",
                        Protection.TRANSACTION,
                        FaultCase.MachineType.SMALL_DISK,
                        false,
                        MachineCases::fillDisk),
                new FaultCase(
                        "clock-jumps",
                        "the clock of every service jumps by up to an hour, forwards and back; services killed"
                                + " meanwhile",
                        Protection.CLOCK,
                        FaultCase.MachineType.OWN_CLOCK,
                        false,
                        MachineCases::jumpClocks));
    }

    private static void fillDisk(CaseRun run) {
        Path ballast = run.stack().disk().resolve(FILLER_FILE);
        for (int i = 0; i < run.times(2, 1); i++) {
            run.pause(500, 1_500);
            fill(ballast);
            run.injected();
            run.pause(5_000, 7_000);
            try {
                Files.delete(ballast);
            } catch (IOException cause) {
                throw new UncheckedIOException(cause);
            }
            // Postgres ends when it cannot write its WAL, and there is no supervisor that restarts it.
            run.stack().postgres().restart();
            run.awaitProgress();
        }
    }

    // Writes until the disk is full.
    private static void fill(Path ballast) {
        byte[] block = new byte[64 * 1024];
        try (OutputStream out = Files.newOutputStream(ballast)) {
            while (true) {
                out.write(block);
            }
        } catch (IOException full) {
            if (!String.valueOf(full.getMessage()).contains("No space left")) {
                throw new UncheckedIOException(full);
            }
        }
    }

    private static void jumpClocks(CaseRun run) {
        Path clock = run.stack().folder().resolve(CLOCK_FILE);
        for (String offset : List.of("+3600", "-1800", "+600", "-3600", "+0").subList(0, run.times(5, 2))) {
            write(clock, offset);
            run.injected();
            run.pause(Duration.ofSeconds(2));
            run.stack().service(run.anyService()).kill();
            run.awaitProgress();
        }
        write(clock, "+0");
    }

    static void write(Path clock, String offset) {
        try {
            Files.writeString(clock, offset + "\n", StandardCharsets.US_ASCII);
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }
}
