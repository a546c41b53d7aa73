package dev.lockstep.bench.process;

import dev.lockstep.bench.BenchException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Reads CPU time and memory of processes from {@code /proc}, which only Linux has. */
public final class ProcFs {
    // The unit of the times in /proc. Linux shows 100 a second to programs, whatever the kernel counts.
    private static final double TICKS_PER_SECOND = 100;
    // The fields behind the name of the program, which is in parentheses and may contain blanks.
    private static final int USER = 11;
    private static final int SYSTEM = 12;
    private static final int USER_OF_CHILDREN = 13;
    private static final int SYSTEM_OF_CHILDREN = 14;

    private ProcFs() {}

    /** CPU time of a process without its children, in seconds. 0 if the process has ended. */
    public static double seconds(long pid) {
        return sum(pid, USER, SYSTEM) / TICKS_PER_SECOND;
    }

    /** CPU time of the children that a process has had and that have ended, in seconds. */
    public static double secondsOfEndedChildren(long pid) {
        return sum(pid, USER_OF_CHILDREN, SYSTEM_OF_CHILDREN) / TICKS_PER_SECOND;
    }

    /**
     * CPU time of a process and its descendants, in seconds, including those that have ended. A session of Postgres that ends between two
     * readings is counted.
     */
    public static double secondsOfTree(long pid) {
        return tree(pid)
                .mapToDouble(each -> seconds(each) + secondsOfEndedChildren(each))
                .sum();
    }

    /** The memory that a process and its descendants use, in bytes. Pages that several of them share are counted once. */
    public static long memoryOfTree(long pid) {
        return tree(pid).mapToLong(ProcFs::proportionalSize).sum();
    }

    private static Stream<Long> tree(long pid) {
        return ProcessHandle.of(pid)
                .map(root -> Stream.concat(Stream.of(root), root.descendants())
                        .map(ProcessHandle::pid)
                        .toList())
                .orElse(List.of())
                .stream();
    }

    private static long sum(long pid, int first, int second) {
        String stat = read(Path.of("/proc", Long.toString(pid), "stat"));
        return stat.isEmpty() ? 0 : sum(stat, first, second);
    }

    static long sum(String stat, int first, int second) {
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return Long.parseLong(fields[first]) + Long.parseLong(fields[second]);
    }

    private static long proportionalSize(long pid) {
        return read(Path.of("/proc", Long.toString(pid), "smaps_rollup"))
                .lines()
                .filter(line -> line.startsWith("Pss:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                .sum();
    }

    // A process may end between the look for it and the read.
    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException cause) {
            if (Files.exists(Path.of("/proc/self/stat"))) {
                return "";
            }
            throw new BenchException("the suite reads CPU times from /proc: run it on Linux", cause);
        }
    }
}
