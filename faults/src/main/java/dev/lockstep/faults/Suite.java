package dev.lockstep.faults;

import dev.lockstep.embedded.Folders;
import dev.lockstep.faults.agent.Protection;
import dev.lockstep.messaging.record.PrintableText;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs cases one after the other. Cases that leave the system intact share one system. After a failed case the suite starts a new one, so
 * that no case is affected by another one's failure.
 *
 * <pre>
 * orders begin ─▶ inject ─▶ heal ─▶ orders end ─▶ own count ─▶ audit
 * </pre>
 */
final class Suite implements AutoCloseable {
    private static final int LONGEST_LINE = 1_000;
    private static final Duration WARM_UP = Duration.ofMillis(1_500);
    private static final Duration COOL_DOWN = Duration.ofSeconds(1);
    private static final Duration QUIET_LIMIT = Duration.ofMinutes(2);
    private static final Duration SETTLE = Duration.ofMinutes(2);

    private final PrintWriter out;
    private final long seed;
    private final int rate;
    private final boolean longSuite;
    private final Path folder;
    private final AotCache aotCache;
    private final Set<String> accepted = new HashSet<>();
    private final Consumer<Stack> starter;
    private final Thread runner = Thread.currentThread();
    private volatile boolean stopping;
    private @Nullable Machine machine;
    private @Nullable Stack stack;
    private boolean shared;
    private boolean deadLettersExpected;
    private boolean partitionsAdded;
    private int runs;

    /** @param longSuite whether there is time for many injections of each fault */
    Suite(PrintWriter out, long seed, int rate, boolean longSuite) {
        this(out, seed, rate, longSuite, Stack::start);
    }

    Suite(PrintWriter out, long seed, int rate, boolean longSuite, Consumer<Stack> starter) {
        this.out = out;
        this.seed = seed;
        this.rate = rate;
        this.longSuite = longSuite;
        this.starter = starter;
        try {
            this.folder = Files.createTempDirectory("lockstep-faults-");
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
        this.aotCache = new AotCache(folder.resolve("services.aot"));
        Runtime.getRuntime().addShutdownHook(new Thread(this::stop, "stop-the-suite"));
    }

    /**
     * Runs a case with the given protections disabled; an empty set runs it as a regular case. Never throws for a failure of the case:
     * the outcome says why it failed.
     */
    Outcome run(FaultCase fault, Set<Protection> without) {
        if (stopping) {
            return failed(fault, 0, "stopped");
        }
        long begun = System.nanoTime();
        out.printf("%-22s %s%n", fault.name(), fault.description());
        runs++;
        Outcome outcome = runOnStack(fault, without);
        if (stopping) {
            return failed(fault, outcome.injected(), "stopped");
        }
        out.printf(
                "%-22s %s: %d injected, %d orders accepted, longest stall %.1f s, %d s in total%n",
                "",
                outcome.holds() ? "holds" : "FAILED, " + PrintableText.of(outcome.failureReason(), LONGEST_LINE),
                outcome.injected(),
                outcome.accepted(),
                outcome.longestStall().toMillis() / 1000.0,
                TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begun));
        outcome.remarks().forEach(remark -> out.println("  " + PrintableText.of(remark, LONGEST_LINE)));
        out.flush();
        return outcome;
    }

    /** Stops the system that still runs. Data and logs of failed cases are kept. */
    @Override
    public void close() {
        closeStack(false);
        aotCache.delete();
        // Deletes the folder only if it is empty. It still contains the folders of failed cases.
        boolean _ = folder.toFile().delete();
    }

    // Runs on Ctrl-C too, so that no processes, mounted disk or data are left behind. Data of cases that had failed
    // before is kept.
    private void stop() {
        stopping = true;
        // Otherwise the running case would restart the processes that it had stopped.
        runner.interrupt();
        close();
    }

    /** Returns the exception that ended a case's injections, or null if they completed. */
    static @Nullable RuntimeException inject(FaultCase fault, CaseRun run) {
        try {
            fault.injection().inject(run);
            return null;
        } catch (RuntimeException cause) {
            return cause;
        }
    }

    // An exception, whether thrown by the system or by the suite, fails only this case. The other cases continue.
    private Outcome runOnStack(FaultCase fault, Set<Protection> without) {
        boolean shareable = without.isEmpty() && fault.machineType() == FaultCase.MachineType.SHARED;
        Outcome outcome;
        try {
            Stack usable = stack;
            if (usable == null || !shareable || !shared) {
                // Two systems at once would be slower than either.
                closeStack(false);
                usable = createStack(fault.machineType(), without);
                starter.accept(usable);
                shared = shareable;
            }
            deadLettersExpected |= fault.expectsDeadLetters();
            partitionsAdded |= fault.name().equals(KafkaCases.ADD_PARTITIONS);
            outcome = run(fault, usable);
        } catch (RuntimeException cause) {
            outcome = failed(fault, 0, reason(cause));
        }
        if (outcome.holds() && shareable) {
            return outcome;
        }
        boolean asExpected = outcome.holds() || (!without.isEmpty() && Report.isHarmDetected(outcome));
        try {
            closeStack(!asExpected && !stopping);
            return outcome;
        } catch (RuntimeException cause) {
            return failed(fault, outcome.injected(), reason(cause));
        }
    }

    private synchronized Stack createStack(FaultCase.MachineType where, Set<Protection> without) {
        if (stopping) {
            throw new FaultsException("stopped");
        }
        Path own = folder.resolve("system-" + runs);
        Machine its = Machine.of(where, own);
        Stack begun = new Stack(own, its, without, aotCache);
        machine = its;
        stack = begun;
        accepted.clear();
        deadLettersExpected = false;
        partitionsAdded = false;
        return begun;
    }

    private synchronized void closeStack(boolean keep) {
        Stack ended = stack;
        Machine its = machine;
        stack = null;
        machine = null;
        shared = false;
        if (ended == null || its == null) {
            return;
        }
        if (keep) {
            out.printf(
                    "  %s are kept in %s%n",
                    its.mounted() ? "logs, without the data of the unmounted disk," : "data and logs", ended.folder());
        }
        try {
            ended.close();
        } finally {
            its.close();
        }
        // A mounted disk cannot be deleted, so the folder is deleted after the disk is unmounted.
        if (!keep) {
            Folders.delete(ended.folder());
        }
    }

    private Outcome run(FaultCase fault, Stack stack) {
        // The case's name is part of the seed, so that a case run alone uses the same random numbers as within the
        // suite.
        long caseSeed = seed * 31 + fault.name().hashCode();
        AtomicInteger injections = new AtomicInteger();
        @Nullable String trouble = null;
        @Nullable String failedCheck = null;
        try (LoadGenerator load = new LoadGenerator(stack, fault.name() + "-" + runs, caseSeed);
                StallMonitor watch = new StallMonitor(stack, load)) {
            load.start(rate);
            watch.start();
            Waiting.pause(WARM_UP);
            RuntimeException ended =
                    inject(fault, new CaseRun(stack, load, watch, new Random(caseSeed), longSuite, injections));
            if (ended instanceof FailedCheckException) {
                failedCheck = reason(ended);
            } else if (ended != null) {
                trouble = reason(ended);
            }
            stack.heal();
            Waiting.pause(COOL_DOWN);
            load.stopGenerating();
            boolean quiet = Waiting.isMetWithin(QUIET_LIMIT, () -> load.unanswered() == 0 && watch.allEnded());
            accepted.addAll(load.accepted().keySet());
            OrderCounts books = OrderCounts.of(stack, load);
            Auditor.Verdict verdict = new Auditor(stack)
                    .audit(accepted, quiet ? SETTLE : Duration.ofSeconds(5), deadLettersExpected, partitionsAdded);
            if (trouble == null) {
                trouble = inconclusiveReason(injections.get(), load.accepted().size());
            }
            List<String> remarks = new ArrayList<>(load.unexpectedResponses());
            if (!verdict.holds()) {
                remarks.addAll(verdict.report().lines().toList());
            }
            return new Outcome(
                    fault,
                    injections.get(),
                    load.accepted().size(),
                    books.lost(),
                    books.doubled(),
                    books.stuck(),
                    watch.longestStall(),
                    watch.slowestOrder(),
                    verdict,
                    trouble,
                    failedCheck,
                    remarks);
        } catch (RuntimeException cause) {
            // The first error explains the later one.
            String first = trouble == null ? failedCheck : trouble;
            return failed(fault, injections.get(), first == null ? reason(cause) : first + "; then " + reason(cause));
        }
    }

    /** Returns why a case without errors proves nothing, or null if it proves something. */
    static @Nullable String inconclusiveReason(int injected, int accepted) {
        if (injected == 0) {
            return "no fault was injected";
        }
        return accepted == 0 ? "no order was accepted" : null;
    }

    private static Outcome failed(FaultCase fault, int injected, String trouble) {
        return new Outcome(fault, injected, 0, 0, 0, 0, Duration.ZERO, Duration.ZERO, null, trouble, null, List.of());
    }

    private static String reason(RuntimeException cause) {
        return cause instanceof FaultsException ? String.valueOf(cause.getMessage()) : cause.toString();
    }
}
