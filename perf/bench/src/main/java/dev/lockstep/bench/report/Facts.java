package dev.lockstep.bench.report;

import dev.lockstep.bench.process.Waiting;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** What the results depend on besides the code: the machine, its software, and how busy it was before the run. */
public final class Facts {
    private static final int SYNCS = 100;
    private static final int PAGE = 8_192;
    private static final double KIB_PER_GIB = 1024.0 * 1024.0;

    private Facts() {}

    /**
     * Collects the facts. Takes as long as the machine is observed, and a second more.
     *
     * @param folder where the data of the scenarios is stored
     * @param tools the external programs, by their names
     */
    public static Map<String, String> collect(Path folder, Duration observed, Map<String, String> tools) {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("cores", String.valueOf(Runtime.getRuntime().availableProcessors()));
        facts.put("processor", field(Path.of("/proc/cpuinfo"), "model name"));
        facts.put("memory", "%.1f GiB".formatted(number(field(Path.of("/proc/meminfo"), "MemTotal")) / KIB_PER_GIB));
        facts.put("kernel", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        facts.put("java", System.getProperty("java.runtime.version"));
        facts.put("file system", fileSystem(folder));
        facts.put("write and fsync of 8 kB", "%.0f µs, median".formatted(syncMicros(folder)));
        tools.forEach((name, path) -> facts.put(name, path));
        facts.put("busy before the run", "%.0f %% of all cores".formatted(100 * busyShare(observed)));
        return facts;
    }

    /** The share of all cores that is in use, from 0 to 1. */
    public static double busyShare(Duration observed) {
        long[] before = cpuTimes();
        Waiting.pause(observed);
        long[] after = cpuTimes();
        long all = Arrays.stream(after).sum() - Arrays.stream(before).sum();
        // The fields idle and iowait.
        long idle = after[3] + after[4] - before[3] - before[4];
        return all == 0 ? 0 : 1 - (double) idle / all;
    }

    private static long[] cpuTimes() {
        String line = read(Path.of("/proc/stat")).lines().findFirst().orElseThrow();
        return Arrays.stream(line.strip().split("\\s+", -1))
                .skip(1)
                .limit(8)
                .mapToLong(Long::parseLong)
                .toArray();
    }

    private static double syncMicros(Path folder) {
        Path file = folder.resolve("sync");
        double[] micros = new double[SYNCS];
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            for (int i = 0; i < SYNCS; i++) {
                long begun = System.nanoTime();
                channel.write(ByteBuffer.allocate(PAGE), 0);
                channel.force(false);
                micros[i] = (System.nanoTime() - begun) / 1e3;
            }
            Files.delete(file);
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
        Arrays.sort(micros);
        return micros[SYNCS / 2];
    }

    private static String fileSystem(Path folder) {
        try {
            return Files.getFileStore(folder).type();
        } catch (IOException cause) {
            return "unknown";
        }
    }

    private static String field(Path file, String name) {
        return read(file)
                .lines()
                .filter(line -> line.startsWith(name))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse("unknown");
    }

    private static double number(String text) {
        String digits = text.replaceAll("\\D", "");
        return digits.isEmpty() ? 0 : Double.parseDouble(digits);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException cause) {
            throw new UncheckedIOException("cannot read " + file + "; the suite needs Linux", cause);
        }
    }
}
