package dev.lockstep.faults;

import dev.lockstep.embedded.Folders;
import dev.lockstep.faults.inside.Protection;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Runs cases one after the other. Those that leave the system whole share one, which is started anew after a case that failed, so
 * that no case pays for another.
 *
 * <pre>
 * orders begin ─▶ inject ─▶ heal ─▶ orders end ─▶ own count ─▶ audit
 * </pre>
 */
final class Suite implements AutoCloseable {
    private static final Duration WARM_UP = Duration.ofMillis(1_500);
    private static final Duration COOL_DOWN = Duration.ofSeconds(1);
    private static final Duration QUIET_LIMIT = Duration.ofSeconds(90);
    private static final Duration SETTLE = Duration.ofSeconds(45);

    private final PrintWriter out;
    private final long seed;
    private final int rate;
    private final boolean longer;
    private final Path folder;
    private final Set<String> accepted = new HashSet<>();
    private @Nullable Stack shared;
    private boolean poisoned;
    private int runs;

    /** @param longer whether there is time for many injections of each fault */
    Suite(PrintWriter out, long seed, int rate, boolean longer) {
        this.out = out;
        this.seed = seed;
        this.rate = rate;
        this.longer = longer;
        try {
            this.folder = Files.createTempDirectory("lockstep-faults-");
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }

    /** Runs a case with the protections switched off, which are none in a suite that is to hold. */
    Outcome run(FaultCase fault, Set<Protection> without) {
        long begun = System.nanoTime();
        out.printf("%-22s %s%n", fault.name(), fault.fault());
        Outcome outcome = without.isEmpty() && fault.where() == FaultCase.Where.SHARED
                ? runOnShared(fault)
                : runOnItsOwn(fault, without);
        out.printf(
                "%-22s %s: %d injected, %d orders accepted, longest stall %.1f s, %d s in all%n",
                "",
                outcome.holds() ? "holds" : "FAILED, " + outcome.why(),
                outcome.injected(),
                outcome.accepted(),
                outcome.longestStall().toMillis() / 1000.0,
                TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begun));
        outcome.remarks().forEach(remark -> out.println("  " + remark));
        out.flush();
        return outcome;
    }

    /** Ends what still runs. Data and logs of failed cases stay. */
    @Override
    public void close() {
        closeShared();
        // Whatever failed has left its folder in there.
        boolean _ = folder.toFile().delete();
    }

    private void closeShared() {
        if (shared != null) {
            shared.close();
            Folders.delete(shared.folder());
            shared = null;
        }
    }

    private Outcome runOnShared(FaultCase fault) {
        Stack stack = shared;
        if (stack == null) {
            Path own = nextFolder();
            stack = Stack.start(own, own, EnumSet.noneOf(Protection.class), Map.of());
            shared = stack;
            accepted.clear();
            poisoned = false;
        }
        poisoned |= fault.poisonous();
        Outcome outcome = run(fault, stack, accepted, poisoned);
        if (!outcome.holds()) {
            keep(stack);
            shared = null;
        }
        return outcome;
    }

    private Outcome runOnItsOwn(FaultCase fault, Set<Protection> without) {
        // Two systems at once would be slower than either.
        closeShared();
        Path own = nextFolder();
        Outcome outcome;
        try (Machine machine = Machine.of(fault.where(), own);
                Stack stack = Stack.start(own, machine.disk(), without, machine.environment())) {
            outcome = run(fault, stack, new HashSet<>(), fault.poisonous());
        } catch (FaultsException impossible) {
            outcome = failed(fault, String.valueOf(impossible.getMessage()));
        }
        // Only now, as a disk of its own cannot be deleted while it is mounted.
        if (outcome.holds() || !without.isEmpty()) {
            Folders.delete(own);
        } else {
            out.println("  logs, and data unless they were on a disk of their own, are kept in " + own);
        }
        return outcome;
    }

    private Outcome run(FaultCase fault, Stack stack, Set<String> acceptedBefore, boolean allowDeadLetters) {
        runs++;
        // Of its name too, so that a case alone meets the same dice as within the suite.
        long dice = seed * 31 + fault.name().hashCode();
        AtomicInteger injections = new AtomicInteger();
        try (Load load = new Load(stack, fault.name() + "-" + runs, dice);
                Watch watch = new Watch(stack, load)) {
            @Nullable String trouble = null;
            load.start(rate);
            watch.start();
            try {
                Waiting.pause(WARM_UP);
                fault.injection().into(new Run(stack, load, watch, new Random(dice), longer, injections));
            } catch (FaultsException cause) {
                trouble = String.valueOf(cause.getMessage());
            }
            stack.heal();
            Waiting.pause(COOL_DOWN);
            load.stopPouring();
            boolean quiet = Waiting.comesAbout(QUIET_LIMIT, () -> load.unanswered() == 0 && watch.allEnded());
            acceptedBefore.addAll(load.accepted().keySet());
            Books books = Books.of(stack, load);
            Auditor.Verdict verdict =
                    new Auditor(stack).audit(acceptedBefore, quiet ? SETTLE : Duration.ofSeconds(5), allowDeadLetters);
            if (injections.get() == 0 && trouble == null) {
                trouble = "nothing was injected";
            }
            List<String> remarks = new ArrayList<>(load.surprises());
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
                    remarks);
        } catch (FaultsException cause) {
            return failed(fault, String.valueOf(cause.getMessage()));
        }
    }

    private static Outcome failed(FaultCase fault, String trouble) {
        return new Outcome(fault, 0, 0, 0, 0, 0, Duration.ZERO, Duration.ZERO, null, trouble, List.of());
    }

    private void keep(Stack stack) {
        stack.close();
        out.println("  data and logs are kept in " + stack.folder());
    }

    private Path nextFolder() {
        return folder.resolve("system-" + (runs + 1));
    }
}
