package dev.lockstep.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.embedded.Folders;
import dev.lockstep.faults.agent.Protection;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Uses systems that never start. {@link FaultSuiteIT} tests a whole suite. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class SuiteTest {
    private static final FaultCase CASE = FaultCase.of("case", "a fault", Protection.TRANSACTION, CaseRun::injected);

    private final StringWriter output = new StringWriter();
    private final List<Path> startedFolders = new ArrayList<>();

    @AfterEach
    void deleteKeptFolders() {
        startedFolders.forEach(folder -> Folders.delete(folder.resolveSibling("")));
    }

    @Test
    void a_failed_start_fails_its_case_and_the_next_case_gets_a_new_system() {
        try (Suite suite = suite()) {
            Outcome first = suite.run(CASE, Set.of());
            Outcome second = suite.run(CASE, Set.of());

            assertThat(first.failureReason()).contains("Postgres did not start");
            assertThat(second.failureReason()).contains("Postgres did not start");
        }
        assertThat(startedFolders).doesNotHaveDuplicates().hasSize(2);
    }

    @Test
    void a_failed_case_keeps_its_data_and_prints_the_folder() {
        try (Suite suite = suite()) {
            suite.run(CASE, Set.of());
        }

        assertThat(startedFolders).singleElement().satisfies(folder -> {
            assertThat(folder.resolve("evidence")).exists();
            assertThat(output.toString()).contains(folder.toString());
        });
    }

    @Test
    void a_failed_start_without_a_protection_keeps_its_data() {
        try (Suite suite = suite()) {
            suite.run(CASE, Set.of(Protection.TRANSACTION));
        }

        assertThat(startedFolders)
                .singleElement()
                .satisfies(folder -> assertThat(folder.resolve("evidence")).exists());
    }

    @Test
    void an_exception_of_an_injection_is_its_execution_error(@TempDir Path folder) {
        FaultCase failing = FaultCase.of("case", "a fault", Protection.TRANSACTION, run -> {
            throw new IllegalStateException("Postgres does not come back");
        });
        Stack stack = new Stack(
                folder, new Machine(folder, Map.of(), false), Set.of(), new AotCache(folder.resolve("services.aot")));
        try (LoadGenerator load = new LoadGenerator(stack, "load", 1);
                StallMonitor watch = new StallMonitor(stack, load)) {
            CaseRun run = new CaseRun(stack, load, watch, new Random(1), false, new AtomicInteger());

            assertThat(Suite.inject(failing, run)).hasMessage("Postgres does not come back");
        }
    }

    @Test
    void a_case_without_injections_or_orders_is_inconclusive() {
        assertThat(Suite.inconclusiveReason(0, 10)).isEqualTo("no fault was injected");
        assertThat(Suite.inconclusiveReason(3, 0)).isEqualTo("no order was accepted");
        assertThat(Suite.inconclusiveReason(3, 10)).isNull();
    }

    private Suite suite() {
        return new Suite(new PrintWriter(output), 1, 25, false, this::failToStart);
    }

    private void failToStart(Stack stack) {
        startedFolders.add(stack.folder());
        try {
            Files.createFile(stack.folder().resolve("evidence"));
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
        throw new IllegalStateException("Postgres did not start");
    }
}
