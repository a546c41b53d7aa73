package dev.lockstep.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.embedded.Folders;
import dev.lockstep.faults.inside.Protection;
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

/** With systems that never start: what a whole suite does is {@link FaultSuiteIT}'s. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class SuiteTest {
    private static final FaultCase CASE = FaultCase.of("case", "a fault", Protection.TRANSACTION, Run::injected);

    private final StringWriter said = new StringWriter();
    private final List<Path> begun = new ArrayList<>();

    @AfterEach
    void deleteWhatWasKept() {
        begun.forEach(folder -> Folders.delete(folder.resolveSibling("")));
    }

    @Test
    void a_system_that_does_not_start_fails_its_case_and_the_next_case_has_another_one() {
        try (Suite suite = suite()) {
            Outcome first = suite.run(CASE, Set.of());
            Outcome second = suite.run(CASE, Set.of());

            assertThat(first.why()).contains("Postgres did not start");
            assertThat(second.why()).contains("Postgres did not start");
        }
        assertThat(begun).doesNotHaveDuplicates().hasSize(2);
    }

    @Test
    void what_failed_leaves_its_data_and_the_output_says_where() {
        try (Suite suite = suite()) {
            suite.run(CASE, Set.of());
        }

        assertThat(begun).singleElement().satisfies(folder -> {
            assertThat(folder.resolve("evidence")).exists();
            assertThat(said.toString()).contains(folder.toString());
        });
    }

    @Test
    void a_system_without_a_protection_that_does_not_start_is_kept_too() {
        try (Suite suite = suite()) {
            suite.run(CASE, Set.of(Protection.TRANSACTION));
        }

        assertThat(begun)
                .singleElement()
                .satisfies(folder -> assertThat(folder.resolve("evidence")).exists());
    }

    @Test
    void whatever_an_injection_throws_is_what_came_in_its_way(@TempDir Path folder) {
        FaultCase failing = FaultCase.of("case", "a fault", Protection.TRANSACTION, run -> {
            throw new IllegalStateException("Postgres does not come back");
        });
        Stack stack = new Stack(
                folder, new Machine(folder, Map.of(), false), Set.of(), new AotCache(folder.resolve("services.aot")));
        try (Load load = new Load(stack, "load", 1);
                Watch watch = new Watch(stack, load)) {
            Run run = new Run(stack, load, watch, new Random(1), false, new AtomicInteger());

            assertThat(Suite.inject(failing, run)).contains("Postgres does not come back");
        }
    }

    @Test
    void a_case_without_injections_or_without_orders_shows_nothing() {
        assertThat(Suite.whyItShowsNothing(0, 10)).isEqualTo("nothing was injected");
        assertThat(Suite.whyItShowsNothing(3, 0)).isEqualTo("no order was accepted");
        assertThat(Suite.whyItShowsNothing(3, 10)).isNull();
    }

    private Suite suite() {
        return new Suite(new PrintWriter(said), 1, 25, false, this::failToStart);
    }

    private void failToStart(Stack stack) {
        begun.add(stack.folder());
        try {
            Files.createFile(stack.folder().resolve("evidence"));
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
        throw new IllegalStateException("Postgres did not start");
    }
}
